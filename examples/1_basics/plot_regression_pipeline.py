"""
A regression pipeline with numbers and categories
=================================================

A pipeline encodes and scales the columns of a data frame. Its last
step is ``MLPRegressor``. ``TransformedTargetRegressor`` scales the
target. Cross-validation evaluates the whole model.
"""

# %%
# The data
# --------
# Ten measurements of 442 diabetes patients, and how far the disease
# progressed in a year.
from sklearn.compose import (
    TransformedTargetRegressor,
    make_column_transformer,
)
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skhp import MLPRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
print(X.head(3).to_string())

# %%
# The model
# ---------
# A network learns best if features and targets have a variance of
# about 1. Each scaler is part of the model, so cross-validation fits
# it on the training rows of each fold only.
columns = make_column_transformer(
    (OneHotEncoder(drop="if_binary"), ["sex"]),
    remainder=StandardScaler(),
)
network = MLPRegressor(
    width=32,
    dropout=0.2,
    l2=1e-3,
    epochs=60,
    learning_rate=2e-3,
    random_state=0,
)
model = TransformedTargetRegressor(
    regressor=make_pipeline(columns, network),
    transformer=StandardScaler(),
)

# %%
# Cross-validated predictions
# ---------------------------
# We compare the network with a linear model. On a few hundred rows, a
# linear model is hard to beat.
folds = KFold(5, shuffle=True, random_state=0)
predictions = {
    "network": cross_val_predict(model, X, y, cv=folds),
    "ridge": cross_val_predict(
        make_pipeline(columns, RidgeCV()), X, y, cv=folds
    ),
}
for name, predicted in predictions.items():
    score = r2_score(y, predicted)
    error = mean_absolute_error(y, predicted)
    print(f"{name:8} R2 {score:.2f}, mean error {error:.0f}")

# %%
# The picture
# -----------
# Each prediction comes from a model that was not trained on this
# patient.
import matplotlib.pyplot as plt

fig, axes = plt.subplots(
    1,
    2,
    figsize=(8, 4),
    sharex=True,
    sharey=True,
    layout="constrained",
)
for ax, (name, predicted) in zip(
    axes, predictions.items(), strict=True
):
    ax.scatter(y, predicted, s=12, alpha=0.5)
    ax.axline(
        (y.min(), y.min()), slope=1, color="grey", linestyle="--"
    )
    ax.set(
        title=f"{name}: R2 {r2_score(y, predicted):.2f}",
        xlabel="measured progression",
    )
axes[0].set_ylabel("predicted progression")
plt.show()
