"""
Class weights for rare classes
==============================

If 5 % of the rows are positive, a network that always predicts the
negative class has an accuracy of 95 %. So first choose a better
metric. Then let a search choose the class weight by this metric.
"""

# %%
# The data
# --------
# 2,000 rows with 20 columns. About 5 % of the rows are positive.
from sklearn.datasets import make_classification
from sklearn.metrics import PrecisionRecallDisplay
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier

X, y = make_classification(
    2000,
    20,
    n_informative=6,
    weights=[0.95],
    flip_y=0.02,
    class_sep=0.7,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, stratify=y, random_state=0
)
print(f"positive rows: {y.mean():.1%}")

# %%
# The search
# ----------
# ``class_weight`` multiplies the loss of the rows of a class. The
# search computes the three metrics of ``scoring``. ``refit`` chooses
# the best candidate by balanced accuracy, which is the mean of the
# recalls of the two classes. Class weights are inputs of the compiled
# program, so all candidates use one program.
model = make_pipeline(
    StandardScaler(),
    MLPClassifier(
        n_layers=1, width=32, epochs=15, batch_size=64, random_state=0
    ),
)
grid = {
    "mlpclassifier__class_weight": [None, {0: 1, 1: 5}, "balanced"],
    "mlpclassifier__l2": [0.0, 1e-3, 1e-2],
}
search = GridSearchCV(
    model,
    grid,
    scoring=["accuracy", "balanced_accuracy", "average_precision"],
    refit="balanced_accuracy",
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
).fit(X_train, y_train)
print(f"best: {search.best_params_}")

# %%
# The effect of the class weight
# ------------------------------
# Accuracy hides the effect: it is not better with weights. Balanced
# accuracy and average precision are.
import pandas as pd

results = pd.DataFrame(search.cv_results_)
weights = results["param_mlpclassifier__class_weight"].map(str)
metrics = ["accuracy", "balanced_accuracy", "average_precision"]
columns = {f"mean_test_{name}": name for name in metrics}
means = results.rename(columns=columns).groupby(weights)[metrics]
print(means.mean().rename_axis("class weight").round(3).to_string())

# %%
# The score for each weight
# -------------------------
import matplotlib.pyplot as plt

from skhp.displays import SearchHeatmapDisplay

SearchHeatmapDisplay.from_search(search, "l2", "class_weight")
plt.title("Balanced accuracy of 3 folds")
plt.show()

# %%
# Precision and recall
# --------------------
# On test rows that the search did not use.
plain = search.estimator.fit(X_train, y_train)
_, ax = plt.subplots(figsize=(5, 5), layout="constrained")
for name, fitted in (("no weights", plain), ("best", search)):
    PrecisionRecallDisplay.from_estimator(
        fitted, X_test, y_test, name=name, ax=ax
    )
plt.show()
