"""
3. keras-tuner's tour: the width of a hidden layer
==================================================

The tour of keras-tuner searches the width of one hidden layer, from 50 to 1000 in steps of 50, by a
random search of six trials of four epochs on images of 32 × 32 pixels in three colours. On its way
it shows the summary of the space, the best value so far, the summary of the results, the two best
models and the three best sets of parameters, and trains the best for 20 epochs more.

There, the network is a function that takes ``hp``, the tuner is an object with a folder of its own
on disk, and nothing is cross-validated: 35 lines with keras-tuner, in
``elsewhere/3_widths_keras_tuner.py`` beside this example. Here the stops of the tour are one call
each: 21 lines from ``network =`` to the picture.
"""

# %%
# The images
# ----------
import socket

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import RandomizedSearchCV, StratifiedShuffleSplit, train_test_split

from skhp import MLPClassifier
from skhp.search import best_estimators, best_params, results_summary, space_summary


def load_images():
    """CIFAR-10, or scikit-learn's digits blown up to its size where it cannot be downloaded."""
    socket.setdefaulttimeout(5)
    try:
        (images, labels), _ = keras.datasets.cifar10.load_data()
        return "CIFAR-10", images / 255.0, labels.ravel()
    except Exception as error:
        print(f"CIFAR-10 cannot be downloaded ({error}); scikit-learn's digits take its place.")
        digits = load_digits()
        large = np.kron(digits.images / 16.0, np.ones((1, 4, 4)))
        return "digits", np.repeat(large[..., None], 3, axis=-1), digits.target
    finally:
        socket.setdefaulttimeout(None)


name, images, labels = load_images()
X, X_test, y, y_test = train_test_split(
    images[:1500], labels[:1500], test_size=0.2, stratify=labels[:1500], random_state=0
)
print(f"{name}: {X.shape}")

# %%
# The space
# ---------
# With rows, ``space_summary`` times a fit and tells how long the search is going to take.
network = MLPClassifier(n_layers=1, epochs=4, metrics=["accuracy"], random_state=0)
space = {"width": range(50, 1001, 50)}
split = StratifiedShuffleSplit(1, test_size=0.2, random_state=0)
search = RandomizedSearchCV(network, space, n_iter=6, cv=split, random_state=1, verbose=3)
print(space_summary(search))

# %%
# Six trials
# ----------
# ``verbose=3`` tells the score of each trial as it ends.
search.fit(X, y)
best_so_far = np.maximum.accumulate(search.cv_results_["mean_test_score"])
print("best value so far:", *best_so_far.round(3))

# %%
# The results
# -----------
print(results_summary(search)[["width", "mean_test_score", "n_parameters"]].to_string())

# %%
# The two best models, and the three best sets of parameters
# ----------------------------------------------------------
# ``best_estimators`` fits on all rows given, not on the training fold alone; ``model_`` is Keras's.
for estimator in best_estimators(search, 2, X, y):
    estimator.model_.summary()
    print(f"accuracy on the test rows: {estimator.score(X_test, y_test):.3f}")
print(best_params(search, 3))

# %%
# 20 epochs for the best
# ----------------------
best = MLPClassifier(**{**network.get_params(), **search.best_params_, "epochs": 20})
best.fit(X, y, X_val=X_test, y_val=y_test)
print(f"accuracy on the test rows: {best.score(X_test, y_test):.3f}")

# %%
# The picture
# -----------
import matplotlib.pyplot as plt

from skhp.displays import TrainingCurvesDisplay

TrainingCurvesDisplay.from_estimator(best)
plt.suptitle(f"{name}: {search.best_params_['width']} units, 20 epochs")
plt.show()
