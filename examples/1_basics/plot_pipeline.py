"""
Search a whole pipeline
=======================

The scaler, the number of selected columns and the width of the
network are all choices. In a pipeline, one search makes all of them.
For each fold, the preprocessing is fitted on the training rows only.
"""

# %%
# The pipeline
# ------------
# 13 measurements of 178 wines from three growers. Some values are
# around 0.1, others around 1,000.
from sklearn.datasets import load_wine
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    QuantileTransformer,
    StandardScaler,
)

from skhp import MLPClassifier

X, y = load_wine(return_X_y=True, as_frame=True)
pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("select", SelectKBest()),
        (
            "network",
            MLPClassifier(
                n_layers=1, width=16, epochs=20, random_state=0
            ),
        ),
    ]
)

# %%
# The search
# ----------
# A step is also a parameter: here the grid replaces the whole scaler.
grid = {
    "scale": [
        StandardScaler(),
        MinMaxScaler(),
        QuantileTransformer(n_quantiles=50),
    ],
    "select__k": [3, 6, 13],
    "network__learning_rate": [1e-3, 1e-2],
}
folds = StratifiedKFold(5, shuffle=True, random_state=0)
search = GridSearchCV(pipeline, grid, cv=folds).fit(X, y)
print(f"best mean accuracy of 5 folds: {search.best_score_:.3f}")
for name, value in search.best_params_.items():
    print(f"  {name}: {value}")

# %%
# The picture
# -----------
# The score for three parameters, with one panel for each learning
# rate.
import matplotlib.pyplot as plt

from skhp.displays import SearchHeatmapDisplay

display = SearchHeatmapDisplay.from_search(
    search, "k", "scale", columns="learning_rate"
)
display.figure_.suptitle(
    "Wine: accuracy by scaler, number of columns and learning rate"
)
plt.show()
