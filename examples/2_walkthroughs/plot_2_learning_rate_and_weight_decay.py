"""
2. Random search over learning rate and weight decay
====================================================

This is an exercise from a textbook. The network has six hidden layers
of 100 units and He initialization. SGD trains it for 50 epochs on 500
images. There are 100 trials: they draw the learning rate from 1e-6 to
1e-2 and the weight decay from 1e-8 to 1e-4, both log-uniform. The
figure shows the training and validation curves of the twenty best
trials. This page does the same on 500 digits.

The script of the textbook (K. Saitoh, *Deep Learning from Scratch*,
ch06 of its code) draws the values, trains the networks, keeps the
curves in dictionaries, sorts them and draws twenty subplots. This
takes 38 lines, from its training function to the figure, plus the
classes for the network and its trainer. With skhp it takes 25 lines,
from ``network =`` to the figure, and you get the draws, the curves
and the ranking as tables.
"""

# %%
# The images
# ----------
from images import load_images

images, labels = load_images("mnist")
X, y = images[:500], labels[:500]

# %%
# 100 trials
# ----------
# The networks train on 400 images. The other 100 images are used for
# validation after each epoch, and to score the trial. ``l2`` adds
# ``l2`` times the squared weights to the loss. Like the learning
# rate, it is an input of the compiled program, so the 100 trials use
# one program.
from time import perf_counter

from scipy.stats import loguniform
from sklearn.model_selection import (
    RandomizedSearchCV,
    train_test_split,
)

from skhp import MLPClassifier
from skhp.callback import LearningCurves
from skhp.displays import TrainingCurvesDisplay

network = MLPClassifier(
    n_layers=6,
    width=100,
    kernel_initializer="he_normal",
    optimizer="sgd",
    epochs=50,
    batch_size=100,
    metrics=["accuracy"],
    random_state=0,
)
space = {
    "learning_rate": loguniform(1e-6, 1e-2),
    "l2": loguniform(1e-8, 1e-4),
}
train, test = train_test_split(
    range(500), test_size=0.2, stratify=y, random_state=0
)
split = [(train, test)]
curves = LearningCurves()
search = RandomizedSearchCV(
    network, space, n_iter=100, cv=split, refit=False, random_state=0
)
start = perf_counter()
search.set_callbacks(curves)
search.fit(X, y, X_val=X[test], y_val=y[test])
seconds = perf_counter() - start
print(f"100 trials of 50 epochs in {seconds:.0f} s")
print(f"best accuracy: {search.best_score_:.2f}")

# %%
# The twenty best trials
# ----------------------
# The learning rate has the largest effect. If it is above about 1e-3,
# the weight decay has almost none.
import matplotlib.pyplot as plt

TrainingCurvesDisplay.from_search(
    search, curves, curve="accuracy", n_best=20, ylim=(0, 1)
)
plt.show()

# %%
# Grid, random and Bayesian search with the same number of trials
# ---------------------------------------------------------------
# Each search runs 16 trials. A grid of 4 × 4 tries only four learning
# rates. A random search tries sixteen. Optuna's ``OptunaSearchCV``
# chooses each trial from the results so far. ``results`` returns the
# same columns for all of them.
import warnings

import numpy as np
import optuna
from optuna.distributions import FloatDistribution
from optuna_integration import OptunaSearchCV
from sklearn.model_selection import GridSearchCV

from skhp.search import results

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", module="optuna")
warnings.filterwarnings(
    "ignore", category=optuna.exceptions.ExperimentalWarning
)
grid = {
    "learning_rate": np.geomspace(1e-6, 1e-2, 4),
    "l2": np.geomspace(1e-8, 1e-4, 4),
}
ranges = {
    "learning_rate": FloatDistribution(1e-6, 1e-2, log=True),
    "l2": FloatDistribution(1e-8, 1e-4, log=True),
}
same = {"cv": split, "refit": False}
searches = {
    "grid": GridSearchCV(network, grid, **same),
    "random": RandomizedSearchCV(
        network, space, n_iter=16, random_state=1, **same
    ),
    "Bayesian": OptunaSearchCV(
        network, ranges, n_trials=16, random_state=0, **same
    ),
}
trials = {}
for kind, one in searches.items():
    start = perf_counter()
    trials[kind] = results(one.fit(X, y))
    best = trials[kind]["mean_test_score"].max()
    seconds = perf_counter() - start
    print(f"{kind:9} best score {best:.2f}, {seconds:.1f} s")

# %%
# The values that each search tried
# ---------------------------------
for (kind, table), marker in zip(trials.items(), "sox", strict=True):
    plt.plot(table["learning_rate"], table["l2"], marker, label=kind)
plt.loglog()
plt.xlabel("learning rate")
plt.ylabel("l2")
plt.legend()
plt.show()

# %%
# The best score so far
# ---------------------
for (kind, table), marker in zip(trials.items(), "sox", strict=True):
    best = table["mean_test_score"].cummax()
    plt.plot(range(1, 17), best, marker + "-", label=kind)
plt.xlabel("trial")
plt.ylabel("best accuracy so far")
plt.legend()
# sphinx_gallery_thumbnail_number = 3
plt.show()
