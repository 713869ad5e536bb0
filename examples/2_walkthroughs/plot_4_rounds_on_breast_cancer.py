"""
4. Several rounds of searching on breast cancer, as with Talos
==============================================================

The tutorial searches twelve parameters of a network on the breast
cancer data. There are about 180,000 combinations, and it tries 1 % of
them. Then it looks at rank correlations and densities, removes the
values with bad scores, and searches again. After several rounds, in
one hour, it reports a validation accuracy of 97.7 % on one split.

With Talos, the network is a function that reads a dictionary, a
helper function makes learning rates comparable, and you edit the
dictionary by hand after you look at the plots. The function and the
dictionary that Talos provides for these data (``talos/templates``)
take 46 lines, before the first search. With skhp, you do not write
the network. The space takes 19 lines, and a round takes two
statements: ``RandomizedSearchCV(...).fit(X, y)`` and
``narrow(search)``.
"""

# %%
# The space
# ---------
# Twelve parameters. ``learning_rate_grid`` multiplies the default
# learning rate of each optimizer by the same factors, so that the
# optimizers can be compared.
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
    best_params,
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
    "kernel_initializer": [
        "glorot_uniform",
        "he_normal",
        "random_normal",
    ],
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
# Three-fold cross-validation scores each candidate. After a round,
# the space keeps only the values of the best 10 % of its candidates.
# This page tries 130 candidates in three rounds. The tutorial tries
# 1,800: see :doc:`/benchmarks/walkthroughs`.
folds = StratifiedKFold(3, shuffle=True, random_state=0)
rounds = []
start = perf_counter()
for i, n_iter in enumerate([60, 40, 30]):
    search = RandomizedSearchCV(
        model,
        space,
        n_iter=n_iter,
        cv=folds,
        random_state=i,
        return_train_score=True,
        refit=False,
    ).fit(X, y)
    rounds.append(search)
    space = narrow(search, keep=0.1)
    best = results_summary(search, n=1)["mean_test_score"].item()
    print(f"round {i + 1}: best {best:.4f}")
seconds = perf_counter() - start

# %%
# Which parameters change the score
# ---------------------------------
print(correlations(rounds[0]).round(3).to_string())

# %%
# Overfitting
# -----------
# The training score minus the test score, for the ten best candidates
# of the last round.
gaps = overfitting(rounds[-1])["score_gap"]
best = results_summary(rounds[-1], n=10)
print(f"mean gap of the ten best: {gaps[best.index].mean():.4f}")
print(f"mean gap of all:          {gaps.mean():.4f}")

# %%
# A second score for the best candidate
# -------------------------------------
# The best score of a search is too high, because the same folds were
# used to choose the candidate. So we score the best candidate again,
# on ten new folds. These contain rows that the search used, so this
# score is still a little too high. Only a nested cross-validation of
# all rounds would avoid that.
winner = model.set_params(**best_params(rounds[-1])[0])
ten_folds = StratifiedKFold(10, shuffle=True, random_state=1)
again = cross_val_score(winner, X, y, cv=ten_folds)
error = again.std() / np.sqrt(10)
n_fits = 3 * sum(len(one.cv_results_["params"]) for one in rounds)
print(f"{n_fits} fits in {seconds:.0f} s")
print(f"winner: {again.mean():.4f}, standard error {error:.4f}")

# %%
# The importance of each parameter
# --------------------------------
# In the first round.
import matplotlib.pyplot as plt

from skhp.displays import (
    ImportanceDisplay,
    ScoreDistributionDisplay,
    SearchHeatmapDisplay,
)

ImportanceDisplay.from_search(rounds[0])
plt.show()

# %%
# The scores of each round
# ------------------------
ScoreDistributionDisplay.from_rounds(rounds)
plt.show()

# %%
# Four parameters
# ---------------
# The best score of the first round for each combination of them.
# Grey cells were not tried.
SearchHeatmapDisplay.from_search(
    rounds[0],
    "learning_rate",
    "width",
    rows="optimizer",
    columns="n_layers",
    aggregate="max",
)
plt.show()
