"""
Your own network
================

Some networks are not multilayer perceptrons. Write a function that
builds them and pass it to ``KerasClassifier``. The arguments of the
function become parameters of the estimator, so a search can choose
their values.
"""

# %%
# A function that builds a network
# --------------------------------
# A convolutional network for digits of 8 by 8 pixels. ``meta`` is a
# dictionary of what ``fit`` knows about the data, such as their shape
# and the number of classes.
import keras
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from skhp import KerasClassifier


def convolutions(meta, filters=8, kernel_size=3, learning_rate=1e-2):
    """Make a small convolutional network."""
    model = keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Conv2D(
                filters,
                kernel_size,
                activation="relu",
                padding="same",
            ),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(
                meta["n_classes_"], activation="softmax"
            ),
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
# ``filters`` and ``learning_rate`` are arguments of the function.
digits = load_digits()
images, y = digits.images[..., None] / 16.0, digits.target
X_train, X_test, y_train, y_test = train_test_split(
    images, y, stratify=y, random_state=0
)
network = KerasClassifier(
    convolutions, epochs=8, validation_split=0.1, random_state=0
)
grid = {"filters": [4, 8], "learning_rate": [3e-3, 1e-2]}
search = GridSearchCV(network, grid, cv=3).fit(X_train, y_train)
best = search.best_estimator_
print(f"best: {search.best_params_}")
print(f"mean accuracy of 3 folds: {search.best_score_:.3f}")
print(
    f"accuracy on the test rows: {search.score(X_test, y_test):.3f}"
)
print(f"trained by: {best.engine_}")
print(f"because: {best.engine_reason_}")

# %%
# The training of the best network
# --------------------------------
import matplotlib.pyplot as plt

from skhp.displays import TrainingCurvesDisplay

TrainingCurvesDisplay.from_estimator(search, metrics=["accuracy"])
plt.show()

# %%
# Its filters
# -----------
# 3 by 3 pixels each. ``model_`` is a ``keras.Model``.
filters = best.model_.get_weights()[0][:, :, 0]
fig, axes = plt.subplots(1, filters.shape[-1], figsize=(8, 1.4))
for i, ax in enumerate(axes):
    ax.imshow(filters[:, :, i], cmap="RdBu", vmin=-1, vmax=1)
    ax.axis("off")
plt.show()
