"""
Tune layers, width, activation and learning rate
================================================

The hyperparameters of a network are constructor parameters. So
scikit-learn's ``GridSearchCV`` can search them. This is the search of
the home page, step by step.

.. index:: ! layers, ! width
"""

# %%
# The search
# ----------
# Pictures of handwritten digits: 1,797 rows with 64 pixels. The grid
# has 24 candidates, and each is trained on five folds.
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from skhp import MLPClassifier

X, y = load_digits(return_X_y=True)
grid = {
    "n_layers": [1, 2, 4],
    "width": [16, 64],
    "activation": ["relu", "sigmoid"],
    "learning_rate": [1e-3, 1e-2],
}
network = MLPClassifier(epochs=20, random_state=0)
search = GridSearchCV(network, grid).fit(X / 16, y)

# %%
# skhp compiles the training of a network once. The compiled program
# takes the learning rate, the rows of a fold, small widths and common
# activations as inputs. So all 121 fits need only a few programs.
from skhp.engine import compile_count

print(f"{compile_count()} programs compiled")

# %%
# The best candidates
# -------------------
# ``results_summary`` is a short version of ``cv_results_``. The
# scores are the mean accuracy of the five folds and its standard
# deviation.
from skhp.search import results_summary

table = results_summary(search, n=5)
scores = ["mean_test_score", "std_test_score"]
print(table[[*grid, *scores]].round(3).to_string())

# %%
# The picture
# -----------
# Bright cells are good. A deep network with sigmoid needs the larger
# learning rate, and more epochs than these twenty.
import matplotlib.pyplot as plt

from skhp.displays import SearchHeatmapDisplay

display = SearchHeatmapDisplay.from_search(
    search,
    "width",
    "n_layers",
    hue="learning_rate",
    columns="activation",
)
display.figure_.suptitle("Digits: mean accuracy of five folds")
display.figure_.savefig("grid_search.png", dpi=120)
plt.show()
