"""
Your own network
================

What the constructor of ``MLPClassifier`` cannot say, a function can: ``KerasClassifier`` takes one
that builds a Keras model, and makes the function's arguments parameters of the estimator, to be
searched like any other.
"""

# %%
# A function that builds a network
# --------------------------------
# Convolutions over digits of 8 by 8 pixels. ``meta`` tells what ``fit`` learned of the data.
import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from skhp import KerasClassifier


def convolutions(meta, filters=8, kernel_size=3, learning_rate=1e-2):
    """Make a small convolutional network."""
    model = keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Conv2D(filters, kernel_size, activation="relu", padding="same"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


# %%
# The search
# ----------
digits = load_digits()
images, y = digits.images[..., None] / 16.0, digits.target
X_train, X_test, y_train, y_test = train_test_split(images, y, stratify=y, random_state=0)
network = KerasClassifier(convolutions, epochs=8, validation_split=0.1, random_state=0)
grid = {"model__filters": [4, 8], "model__learning_rate": [3e-3, 1e-2]}
search = GridSearchCV(network, grid, cv=3).fit(X_train, y_train)
best = search.best_estimator_
print(f"best: {search.best_params_}, mean accuracy of 3 folds {search.best_score_:.3f}")
print(f"accuracy on the test rows: {search.score(X_test, y_test):.3f}")
print(f"trained by: {best.engine_} {best.engine_reason_ or ''}")

# %%
# The picture
# -----------
# How the best one trained, and what its filters look for.
import matplotlib.pyplot as plt

from skhp.displays import TrainingCurvesDisplay

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
TrainingCurvesDisplay.from_estimator(search, metrics=["accuracy"], ax=left)
filters = np.pad(best.model_.get_weights()[0][:, :, 0], ((0, 1), (0, 1), (0, 0)))
n_rows = filters.shape[-1] // 4
tiles = filters.reshape(4, 4, n_rows, 4).transpose(2, 0, 3, 1).reshape(4 * n_rows, 16)
right.imshow(tiles[:-1, :-1], cmap="RdBu", vmin=-abs(tiles).max(), vmax=abs(tiles).max())
right.set(title="filters, 3 by 3 pixels each", xticks=[], yticks=[])
plt.show()
