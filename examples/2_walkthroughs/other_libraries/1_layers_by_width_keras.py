"""What ``plot_1_layers_by_width.py`` does, with Keras only."""

import tempfile

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.images[:1200] / 16.0,
    digits.target[:1200],
    test_size=0.2,
    random_state=0,
)

# -- from here


def build(n_layers, width):
    model = keras.Sequential(
        [keras.Input(X_train.shape[1:]), keras.layers.Flatten()]
    )
    for _ in range(n_layers):
        model.add(keras.layers.Dense(width))
        model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.Activation("relu"))
        model.add(keras.layers.Dropout(0.2))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile(
        optimizer="nadam",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


log_dir = tempfile.mkdtemp()
histories, scores = {}, {}
for n_layers in [2, 3, 5]:
    for width in [64, 256]:
        name = f"n_layers={n_layers},width={width}"
        keras.utils.set_random_seed(0)
        model = build(n_layers, width)
        history = model.fit(
            X_train,
            y_train,
            validation_data=(X_test, y_test),
            epochs=6,
            batch_size=128,
            callbacks=[
                keras.callbacks.TensorBoard(f"{log_dir}/{name}")
            ],
            verbose=0,
        )
        histories[name] = history.history
        scores[name] = history.history["val_accuracy"][-1]
best = max(scores, key=scores.get)

# -- to here
print(best, scores[best])
