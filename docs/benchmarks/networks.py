"""The same multilayer perceptron in every library that is not torch.

One function a library; each imports its library inside, so that a child pays for its
own system only.  No metrics are compiled in, no dropout, no penalty unless asked for:
every system does the same arithmetic.
"""


def keras_mlp(
    n_features,
    n_outputs,
    n_layers=2,
    width=64,
    activation="relu",
    learning_rate=1e-3,
    *,
    loss="binary_crossentropy",
    metrics=None,
    jit_compile="auto",
):
    """Return a compiled Keras model: a sigmoid behind one output, else a softmax."""
    import keras

    last = "sigmoid" if n_outputs == 1 else "softmax"
    layers = [keras.layers.Dense(width, activation=activation) for _ in range(n_layers)]
    model = keras.Sequential(
        [
            keras.Input((n_features,)),
            *layers,
            keras.layers.Dense(n_outputs, activation=last),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=loss,
        metrics=metrics,
        jit_compile=jit_compile,
    )
    return model


def scikeras_mlp(meta, n_layers, width, activation, learning_rate):
    """Build the binary model for scikeras, which hands the data's facts in ``meta``."""
    return keras_mlp(meta["n_features_in_"], 1, n_layers, width, activation, learning_rate)


def scikeras_classifier(epochs, **parameters):
    """Return a scikeras classifier; unseeded, since a seed would slow it down."""
    from scikeras.wrappers import KerasClassifier

    shape = {"n_layers": 2, "width": 64, "activation": "relu", "learning_rate": 1e-3}
    return KerasClassifier(
        model=scikeras_mlp,
        epochs=epochs,
        batch_size=32,
        verbose=0,
        **{**shape, **parameters},
    )


def wrapped_mlp(X, y, n_layers, width, activation, learning_rate):
    """Build the model for ``keras.wrappers``, which hands over one-hot targets."""
    shape = (X.shape[1], y.shape[1], n_layers, width, activation, learning_rate)
    return keras_mlp(*shape, loss="categorical_crossentropy")


def sklearn_mlp(epochs, **parameters):
    """Return scikit-learn's own network, told to run every epoch and never to stop."""
    from sklearn.neural_network import MLPClassifier

    fixed = {"alpha": 0.0, "batch_size": 32, "n_iter_no_change": 10**9}
    return MLPClassifier(max_iter=epochs, **{**fixed, **parameters})
