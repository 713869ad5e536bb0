"""
Pictures of a search
====================

What a search found, and how each of its networks trained: a few pictures for the reader of a
notebook, and one HTML file to hand on.
"""

# %%
# A search
# --------
# Sixty networks on three folds of the breast cancer data. ``LearningCurves`` keeps every epoch of
# each, on the rows that train it and on the fold that scores it.
from scipy.stats import loguniform, randint
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier
from skhp.callback import LearningCurves

X, y = load_breast_cancer(return_X_y=True)
model = make_pipeline(StandardScaler(), MLPClassifier(epochs=12, batch_size=64, random_state=0))
space = {
    "mlpclassifier__n_layers": [1, 2],
    "mlpclassifier__width": randint(2, 65),
    "mlpclassifier__activation": ["relu", "tanh", "sigmoid"],
    "mlpclassifier__learning_rate": loguniform(1e-4, 1e-1),
}
curves = LearningCurves(on="test_fold")
search = RandomizedSearchCV(model, space, n_iter=60, cv=3, random_state=0)
search.set_callbacks(curves).fit(X, y)

# %%
# All parameters at once
# ----------------------
# A line for each candidate, bright where the score is high, the best one thick. An axis is
# logarithmic where the space is.
import matplotlib.pyplot as plt

from skhp.displays import ParallelCoordinatesDisplay

ParallelCoordinatesDisplay.from_search(search)
plt.show()

# %%
# Which parameter mattered
# ------------------------
from skhp.displays import ImportanceDisplay, ScoreDistributionDisplay

ImportanceDisplay.from_search(search)
plt.show()

# %%
# And which of its values are good: the density of the score for each.
display = ScoreDistributionDisplay.from_search(search)
display.frame.groupby(["param", "value"], sort=False)["score"].median().round(3)

# %%
# How they trained
# ----------------
# The best six, training dashed and the fold solid, with a band over the folds; then all of them.
from skhp.displays import TrainingCurvesDisplay

TrainingCurvesDisplay.from_search(search, curves, n_best=6)
TrainingCurvesDisplay.from_search(search, curves, kind="all", hue="learning_rate", ylim=(0, 1))
plt.show()

# %%
# What a better score costs
# -------------------------
# The size of the network against the score, and the candidates that nothing beats in both.
from skhp.displays import TradeoffDisplay

TradeoffDisplay.from_search(search, "n_parameters", hue="activation")
plt.show()

# %%
# One file to hand on
# -------------------
# ``report`` (with ``pip install "skhp[report]"``) writes an HTML file that works without a network:
# a table that sorts, parallel coordinates to drag along, and the curves of the rows that are
# ticked.
import tempfile
from pathlib import Path

from skhp.search import report

path = report(search, Path(tempfile.mkdtemp()) / "report.html", curves)
print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")
