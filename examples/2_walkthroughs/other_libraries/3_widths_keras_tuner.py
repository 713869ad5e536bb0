"""The steps of ``plot_3_widths_of_a_hidden_layer`` in keras-tuner."""

import tempfile

import keras
import keras_tuner
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

digits = load_digits()
large = np.kron(digits.images / 16.0, np.ones((1, 4, 4)))
images = np.repeat(large[..., None], 3, axis=-1)
X, X_test, y, y_test = train_test_split(
    images[:1500], digits.target[:1500], test_size=0.2
)

# -- from here


def build(hp):
    model = keras.Sequential(
        [
            keras.Input(X.shape[1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(
                hp.Int("width", 50, 1000, step=50), activation="relu"
            ),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


tuner = keras_tuner.RandomSearch(
    build,
    objective="val_accuracy",
    max_trials=6,
    directory=tempfile.mkdtemp(),
)
tuner.search_space_summary()
tuner.search(X, y, epochs=4, validation_split=0.2)
tuner.results_summary()
for model in tuner.get_best_models(2):
    model.summary()
    print(model.evaluate(X_test, y_test))
best, *others = tuner.get_best_hyperparameters(3)
print([one.values for one in (best, *others)])
model = build(best)
history = model.fit(
    X, y, epochs=20, validation_data=(X_test, y_test)
).history
print(model.evaluate(X_test, y_test))
fig, axes = plt.subplots(1, 2)
for ax, name in zip(axes, ["loss", "accuracy"], strict=True):
    ax.plot(history[name], label="training")
    ax.plot(history[f"val_{name}"], label="validation")
    ax.set(xlabel="epoch", ylabel=name)
    ax.legend()
plt.show()
