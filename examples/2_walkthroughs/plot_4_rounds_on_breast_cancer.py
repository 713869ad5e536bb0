"""
4. A scan in rounds on breast cancer, as with Talos
===================================================

The walk-through scans a dozen parameters of a network on the breast cancer data: some 180,000
permutations, of which it tries one in a hundred. It looks at rank correlations and densities, drops
the values that did badly, and scans again. After an hour of rounds it reports 97.7 % validation
accuracy, on one split.

With Talos the network is a function that reads a dictionary, learning rates are made comparable by
a helper, and the dictionary is narrowed by hand after a look at the plots. The function and the
dictionary that Talos itself has for these data (``talos/templates``) take 46 lines, before the
first scan. Here the network is there, the space takes 19, and a round is two statements:
``RandomizedSearchCV(...).fit(X, y)`` and ``narrow(search)``.
"""

# %%
# The space
# ---------
# A dozen parameters. ``learning_rate_grid`` gives each optimizer learning rates that are the same
# multiples of its own default, so that they compare.
from time import perf_counter

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import (
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier
from skhp.search import (
    correlations,
    learning_rate_grid,
    narrow,
    overfitting,
    results_summary,
    space_summary,
)

step = "mlpclassifier__"
grid = {
    "n_layers": [1, 2],
    "width": [8, 16, 32, 64],
    "activation": ["relu", "tanh", "sigmoid"],
    "dropout": [0.0, 0.2, 0.4],
    "l2": [0.0, 1e-3],
    "batch_size": [32, 64],
    "epochs": [10, 20, 40],
    "kernel_initializer": ["glorot_uniform", "he_normal", "random_normal"],
    "loss": ["auto", "mean_squared_error"],
    "shuffle": [True],
}
space = learning_rate_grid(
    ["adam", "nadam"],
    [0.1, 0.3, 1, 3, 10],
    {f"{step}{name}": values for name, values in grid.items()},
    prefix=step,
)
X, y = load_breast_cancer(return_X_y=True)
model = make_pipeline(StandardScaler(), MLPClassifier(random_state=0))
print(space_summary(space))

# %%
# Three rounds
# ------------
# Each candidate is scored by three-fold cross-validation, not on one split. A round keeps the
# values that its best tenth has. These rounds try a few dozen candidates each, not one in a hundred
# of the space, so that this page is made in under a minute; ``n_iter`` is the number to raise.
folds = StratifiedKFold(3, shuffle=True, random_state=0)
rounds = []
start = perf_counter()
for i, n_iter in enumerate([60, 40, 30]):
    search = RandomizedSearchCV(
        model, space, n_iter=n_iter, cv=folds, random_state=i, return_train_score=True, refit=False
    ).fit(X, y)
    rounds.append(search)
    space = narrow(search, keep=0.1)
    print(f"round {i + 1}: best {max(search.cv_results_['mean_test_score']):.4f}")
seconds = perf_counter() - start

# %%
# What mattered
# -------------
print(correlations(rounds[0]).round(3).to_string())

# %%
# Overfitting
# -----------
# How far the training score stands above the score of the fold: the ten best of the last round.
gaps = overfitting(rounds[-1])["score_gap"]
best = results_summary(rounds[-1], n=10)
print(f"mean gap of the ten best: {gaps[best.index].mean():.4f}; of all: {gaps.mean():.4f}")

# %%
# What the best is worth
# ----------------------
# The best score of a search is too good: it is the best of many, on the very folds that chose it.
# Here the winner is scored again on ten folds drawn anew. They hold rows that the search saw, so
# even this is a little kind to it; a nested cross-validation of all rounds would not be.
winner = rounds[-1].cv_results_["params"][int(np.argmax(rounds[-1].cv_results_["mean_test_score"]))]
again = cross_val_score(
    model.set_params(**winner), X, y, cv=StratifiedKFold(10, shuffle=True, random_state=1)
)
n_fits = 3 * sum(len(one.cv_results_["params"]) for one in rounds)
print(f"{n_fits} fits in {seconds:.0f} s")
print(f"winner: {again.mean():.4f}, standard error {again.std() / np.sqrt(10):.4f}")

# %%
# The pictures
# ------------
# Which parameters mattered in the first round, round against round, and five dimensions at once.
import matplotlib.pyplot as plt

from skhp.displays import ImportanceDisplay, ScoreDistributionDisplay, SearchHeatmapDisplay

ImportanceDisplay.from_search(rounds[0])
ScoreDistributionDisplay.from_rounds(rounds)
display = SearchHeatmapDisplay.from_search(
    rounds[0], "learning_rate", "width", rows="optimizer", columns="n_layers", aggregate="max"
)
display.figure_.suptitle("Best score of the first round")
plt.show()
