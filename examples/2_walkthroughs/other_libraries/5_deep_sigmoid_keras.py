"""What ``plot_5_deep_sigmoid.py`` does, with Keras only."""

import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

digits = load_digits()
X, X_test, y, y_test = train_test_split(
    digits.images / 16.0,
    digits.target,
    test_size=0.25,
    random_state=0,
)

# -- from here


def train(activation, n_layers, learning_rate, epochs):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input(X.shape[1:]), keras.layers.Flatten()]
    )
    for _ in range(n_layers):
        model.add(keras.layers.Dense(32, activation=activation))
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        X,
        y,
        epochs=epochs,
        validation_data=(X_test, y_test),
        verbose=0,
    )
    return model, history.history


networks = {
    "a small learning rate": train("sigmoid", 1, 1e-3, 30),
    "a larger one": train("sigmoid", 1, 0.5, 30),
    "more epochs": train("sigmoid", 1, 0.5, 90),
    "ten layers of sigmoid": train("sigmoid", 10, 0.5, 90),
    "ten layers of ReLU": train("relu", 10, 0.02, 90),
}

# -- to here
for step, (_, history) in networks.items():
    print(step, history["val_accuracy"][-1])
