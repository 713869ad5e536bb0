"""
Search a network's depth, width, activation and learning rate
=============================================================

A network is a step of a pipeline, and its hyperparameters are constructor parameters. So
scikit-learn's ``GridSearchCV`` can search them.
"""

# %%
# The pipeline and the grid
# -------------------------
# The grid has sixteen candidates, with five folds each. skhp compiles the training of a network
# once. The compiled program takes the learning rate, the rows of a fold, small widths and common
# activations as inputs, so all eighty fits need only a few programs.
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier
from skhp.engine import compile_count

X, y = load_breast_cancer(return_X_y=True)

model = make_pipeline(StandardScaler(), MLPClassifier(epochs=20, random_state=0))
grid = {
    "mlpclassifier__n_layers": [1, 2],
    "mlpclassifier__width": [16, 64],
    "mlpclassifier__activation": ["relu", "tanh"],
    "mlpclassifier__learning_rate": [1e-3, 1e-2],
}
search = GridSearchCV(model, grid, cv=5).fit(X, y)

# %%
# The best candidate
# ------------------
n_candidates = len(search.cv_results_["params"])
print(f"{n_candidates} candidates, {search.n_splits_} folds, {compile_count()} programs compiled")
print(f"best mean accuracy: {search.best_score_:.3f}")
for name, value in search.best_params_.items():
    print(f"  {name.removeprefix('mlpclassifier__')}: {value}")

# %%
# The table of results
# --------------------
# ``cv_results_`` has a column for each parameter, score and time.
results = pd.DataFrame(search.cv_results_)
results.columns = results.columns.str.removeprefix("param_mlpclassifier__")
columns = {
    "rank_test_score": "rank",
    "n_layers": "n_layers",
    "width": "width",
    "activation": "activation",
    "learning_rate": "learning_rate",
    "mean_test_score": "accuracy",
    "std_test_score": "std",
    "mean_fit_time": "fit_s",
}
table = results[list(columns)].rename(columns=columns).sort_values("rank")
print(table.head(8).to_string(index=False, float_format="{:.3f}".format))

# %%
# The picture
# -----------
# The mean accuracy of each candidate over the folds. On these data most candidates are good: the
# differences between them are as small as ``std``, the standard deviation over the folds.
try:
    import matplotlib.pyplot as plt
except ImportError:
    raise SystemExit("For the picture: pip install matplotlib") from None

from skhp.displays import SearchHeatmapDisplay

display = SearchHeatmapDisplay.from_search(
    search, "activation", "width", hue="learning_rate", columns="n_layers"
)
display.figure_.suptitle("Breast cancer: mean accuracy of 5 folds")
display.figure_.savefig("grid_search.png", dpi=120)
print("picture: grid_search.png")
plt.show()
