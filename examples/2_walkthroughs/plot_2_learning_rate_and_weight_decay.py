"""
2. Random search over learning rate and weight decay
====================================================

The textbook exercise: 500 images, six hidden layers of 100 units, He initialization, plain SGD for
50 epochs; 100 trials that draw the learning rate from 1e-6 to 1e-2 and the weight decay from 1e-8
to 1e-4, both log-uniform; and a figure of the training and validation curves of the best twenty.

The script of the textbook (K. Saitoh, *Deep Learning from Scratch*, ch06 of its code) draws,
trains, keeps two lists of curves in dictionaries keyed by strings, sorts them and lays out twenty
subplots: 38 lines from its training function to the figure, beside the classes for the network and
its trainer. Here it is 15 lines, from ``network =`` to the figure, and the draws, the curves and
the ranking come as tables.
"""

# %%
# The images
# ----------
import socket

import keras
from sklearn.datasets import load_digits


def load_images():
    """MNIST, or scikit-learn's digits where it cannot be downloaded."""
    socket.setdefaulttimeout(5)
    try:
        (images, labels), _ = keras.datasets.mnist.load_data()
        return "MNIST", images / 255.0, labels
    except Exception as error:
        print(f"MNIST cannot be downloaded ({error}); scikit-learn's digits take its place.")
        digits = load_digits()
        return "digits", digits.images / 16.0, digits.target
    finally:
        socket.setdefaulttimeout(None)


name, images, labels = load_images()
X, y = images[:500], labels[:500]

# %%
# 100 trials
# ----------
# 400 images train and 100 validate: after each epoch, and to score the trial. ``l2`` adds ``l2``
# times the squared weights to the loss, and is a number to the compiled program, like the learning
# rate: the 100 trials compile one program.
from time import perf_counter

from scipy.stats import loguniform
from sklearn.model_selection import RandomizedSearchCV, train_test_split

from skhp import MLPClassifier
from skhp.callback import LearningCurves
from skhp.displays import TrainingCurvesDisplay

network = MLPClassifier(
    n_layers=6, width=100, kernel_initializer="he_normal", optimizer="sgd", epochs=50,
    batch_size=100, metrics=["accuracy"], random_state=0,
)  # fmt: skip
space = {"learning_rate": loguniform(1e-6, 1e-2), "l2": loguniform(1e-8, 1e-4)}
train, test = train_test_split(range(500), test_size=0.2, stratify=y, random_state=0)
split = [(train, test)]
curves = LearningCurves()
search = RandomizedSearchCV(network, space, n_iter=100, cv=split, refit=False, random_state=0)
start = perf_counter()
search.set_callbacks(curves).fit(X, y, X_val=X[test], y_val=y[test])
seconds = perf_counter() - start
print(f"{name}: 100 trials of 50 epochs in {seconds:.0f} s; best {search.best_score_:.2f}")

# %%
# The best twenty
# ---------------
# The learning rate decides; above about 1e-3 the weight decay hardly matters.
import matplotlib.pyplot as plt

TrainingCurvesDisplay.from_search(search, curves, curve="accuracy", ylim=(0, 1))
plt.show()

# %%
# Grid, random and Bayesian search at equal cost
# ----------------------------------------------
# 16 trials each. A grid of 4 × 4 tries four learning rates only; a random search tries sixteen;
# Optuna's ``OptunaSearchCV`` chooses each trial from those before. ``results`` has the same columns
# for all.
import numpy as np
import optuna
from optuna_integration import OptunaSearchCV
from sklearn.model_selection import GridSearchCV

from skhp.search import results

optuna.logging.set_verbosity(optuna.logging.ERROR)
grid = {"learning_rate": np.geomspace(1e-6, 1e-2, 4), "l2": np.geomspace(1e-8, 1e-4, 4)}
ranges = {
    "learning_rate": optuna.distributions.FloatDistribution(1e-6, 1e-2, log=True),
    "l2": optuna.distributions.FloatDistribution(1e-8, 1e-4, log=True),
}
same = {"cv": split, "refit": False}
searches = {
    "grid": GridSearchCV(network, grid, **same),
    "random": RandomizedSearchCV(network, space, n_iter=16, random_state=1, **same),
    "Bayesian": OptunaSearchCV(network, ranges, n_trials=16, random_state=0, **same),
}
trials = {}
for kind, one in searches.items():
    start = perf_counter()
    trials[kind] = results(one.fit(X, y))
    best = trials[kind]["mean_test_score"].max()
    print(f"{kind:9} best of 16 trials {best:.2f}, {perf_counter() - start:.1f} s")

# %%
# The picture
# -----------
# What each search tried, and the best score it had after each trial.
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for (kind, table), marker in zip(trials.items(), "sox", strict=True):
    left.plot(table["learning_rate"], table["l2"], marker, label=kind, alpha=0.7)
    right.plot(range(1, 17), table["mean_test_score"].cummax(), marker + "-")
left.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="l2", title="trials")
right.set(xlabel="trial", ylabel="best validation accuracy so far", title="progress")
fig.legend(loc="outside right upper")
plt.show()
