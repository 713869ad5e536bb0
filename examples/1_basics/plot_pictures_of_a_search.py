"""
Pictures of a search
====================

Several pictures show the results of a search and the training of its
networks. A report puts them into one HTML file that you can send to
others.
"""

# %%
# A search
# --------
# Forty networks on three folds of the breast cancer data.
# ``LearningCurves`` keeps the loss of every epoch, on the training
# rows and on the test fold.
from scipy.stats import loguniform, randint
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier
from skhp.callback import LearningCurves

X, y = load_breast_cancer(return_X_y=True)
model = make_pipeline(
    StandardScaler(),
    MLPClassifier(epochs=12, batch_size=64, random_state=0),
)
space = {
    "mlpclassifier__n_layers": [1, 2],
    "mlpclassifier__width": randint(2, 65),
    "mlpclassifier__activation": ["relu", "tanh", "sigmoid"],
    "mlpclassifier__learning_rate": loguniform(1e-4, 1e-1),
}
curves = LearningCurves(on="test_fold")
search = RandomizedSearchCV(
    model, space, n_iter=40, cv=3, random_state=0
)
search.set_callbacks(curves)
search.fit(X, y)

# %%
# All parameters at once
# ----------------------
# Each candidate is a line. Bright lines have a high score, and the
# best candidate has a thick line. The axis of the learning rate is
# logarithmic because its distribution is.
import matplotlib.pyplot as plt

from skhp.displays import ParallelCoordinatesDisplay

ParallelCoordinatesDisplay.from_search(search)
plt.show()

# %%
# Which parameters change the score
# ---------------------------------
from skhp.displays import ImportanceDisplay

ImportanceDisplay.from_search(search)
plt.show()

# %%
# Which values are good?
# ----------------------
# The distribution of the score for each value.
from skhp.displays import ScoreDistributionDisplay

ScoreDistributionDisplay.from_search(search)
plt.show()

# %%
# The score against each parameter:
from skhp.displays import SliceDisplay

SliceDisplay.from_search(search)
plt.show()

# %%
# The two most important parameters
# ---------------------------------
from skhp.displays import SearchHeatmapDisplay

SearchHeatmapDisplay.from_search(search)
plt.show()

# %%
# Would more candidates help?
# ---------------------------
# The best score so far, against the number of fits.
from skhp.displays import OptimizationHistoryDisplay

OptimizationHistoryDisplay.from_search(search)
plt.show()

# %%
# How the networks trained
# ------------------------
# The six best networks: training rows are dashed, test folds are
# solid, and bands show the standard deviation over the folds.
from skhp.displays import TrainingCurvesDisplay

TrainingCurvesDisplay.from_search(search, curves, n_best=6)
plt.show()

# %%
# All networks, coloured by the learning rate:
TrainingCurvesDisplay.from_search(
    search, curves, kind="all", hue="learning_rate"
)
plt.show()

# %%
# Score and size
# --------------
# The score against the size of the network. The line connects the
# candidates for which no other candidate is both smaller and better.
from skhp.displays import TradeoffDisplay

TradeoffDisplay.from_search(search, "n_parameters", hue="activation")
plt.show()

# %%
# A report in one file
# --------------------
# ``report`` writes an HTML file that works without an internet
# connection. It has a table to sort, parallel coordinates in which
# you select ranges with the mouse, and the curves of the rows that
# you select. It needs plotly: ``pip install plotly``.
import tempfile
from pathlib import Path

from skhp.search import report

folder = Path(tempfile.mkdtemp())
path = report(search, folder / "report.html", curves)
print(f"{path.name}: {path.stat().st_size / 1e6:.0f} MB")
