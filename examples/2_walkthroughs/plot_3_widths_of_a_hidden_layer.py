"""
3. The tutorial of keras-tuner: the width of a hidden layer
===========================================================

The tutorial searches the width of one hidden layer, from 50 to 1000
in steps of 50. A random search runs six trials of four epochs, on
colour images of 32 × 32 pixels. The tutorial also shows the summary
of the space, the best score so far, the summary of the results, the
two best models and the three best sets of parameters. Then it trains
a network with the best parameters for 20 epochs.

With keras-tuner, the network is a function that takes ``hp``, the
tuner writes files to a folder, and there is no cross-validation. It
takes 43 lines, in ``other_libraries/3_widths_keras_tuner.py`` next to
this example. With skhp, each of these steps is one call: 29 lines,
from ``network =`` to the picture. This page takes all of these steps,
on 1,200 images.
"""

# %%
# The images
# ----------
import numpy as np
from images import load_images
from sklearn.base import clone
from sklearn.model_selection import (
    RandomizedSearchCV,
    StratifiedShuffleSplit,
    train_test_split,
)

from skhp import MLPClassifier
from skhp.search import (
    best_estimators,
    best_params,
    results_summary,
    space_summary,
)

images, labels = load_images("cifar10")
images, labels = images[:1500], labels[:1500]
X, X_test, y, y_test = train_test_split(
    images, labels, test_size=0.2, stratify=labels, random_state=0
)
print(X.shape)

# %%
# The space
# ---------
# If you pass X and y, ``space_summary`` also measures a fit and
# estimates the time of the search. Here it only counts the candidates
# and fits.
network = MLPClassifier(
    n_layers=1, epochs=4, metrics=["accuracy"], random_state=0
)
space = {"width": range(50, 1001, 50)}
split = StratifiedShuffleSplit(1, test_size=0.2, random_state=0)
search = RandomizedSearchCV(
    network, space, n_iter=6, cv=split, random_state=1, verbose=3
)
print(space_summary(search))

# %%
# Six trials
# ----------
# ``verbose=3`` prints the score and the time of each trial. The first
# time includes compiling.
search.fit(X, y)
best_so_far = np.maximum.accumulate(
    search.cv_results_["mean_test_score"]
)
print("best value so far:", *best_so_far.round(3))

# %%
# The results
# -----------
columns = ["width", "mean_test_score", "n_parameters"]
print(results_summary(search)[columns].round(3).to_string())

# %%
# The two best models, and the three best sets of parameters
# ----------------------------------------------------------
# ``best_estimators`` fits on all rows that you pass, not only on a
# training fold. ``model_`` is a ``keras.Model``.
for estimator in best_estimators(search, 2, X, y):
    estimator.model_.summary()
    score = estimator.score(X_test, y_test)
    print(f"accuracy on the test rows: {score:.3f}")
print(best_params(search, 3))

# %%
# 20 epochs with the best parameters
# ----------------------------------
best = clone(network).set_params(**search.best_params_, epochs=20)
best.fit(X, y, X_val=X_test, y_val=y_test)
print(f"accuracy on the test rows: {best.score(X_test, y_test):.3f}")

# %%
# The picture
# -----------
import matplotlib.pyplot as plt

from skhp.displays import TrainingCurvesDisplay

TrainingCurvesDisplay.from_estimator(best)
plt.suptitle(f"{best.width} units, 20 epochs")
plt.show()
