"""
Search a whole pipeline, not the network alone
==============================================

How the columns are scaled and how many are kept is a choice like a network's width. In a pipeline
one search makes all of them, and each fold's preprocessing is fitted on its training rows alone.
"""

# %%
# The pipeline
# ------------
# 13 measurements of 178 wines from three growers, in units from tenths to thousands.
from sklearn.datasets import load_wine
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, StandardScaler

from skhp import MLPClassifier

X, y = load_wine(return_X_y=True, as_frame=True)
pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("select", SelectKBest()),
        ("network", MLPClassifier(n_layers=1, width=16, epochs=20, random_state=0)),
    ]
)

# %%
# The search
# ----------
# A step is a parameter too: the grid replaces the whole scaler.
grid = {
    "scale": [StandardScaler(), MinMaxScaler(), QuantileTransformer(n_quantiles=50)],
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
# The score over three parameters: a panel for each learning rate.
import matplotlib.pyplot as plt

from skhp.displays import SearchHeatmapDisplay

display = SearchHeatmapDisplay.from_search(search, "k", "scale", columns="learning_rate")
display.figure_.suptitle("Wine: accuracy by scaler, columns kept and learning rate")
plt.show()
