"""
Images
======

``fit`` flattens arrays with more than two dimensions, so you can pass
images directly. Dense networks overfit images easily, so the search
chooses the l2 penalty.
"""

# %%
# The data
# --------
# 1,797 digits of 8 by 8 pixels: an array of three dimensions.
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from skhp import MLPClassifier

digits = load_digits()
images, y = digits.images / 16.0, digits.target
X_train, X_test, y_train, y_test = train_test_split(
    images, y, stratify=y, random_state=0
)
print(f"X has the shape {X_train.shape}")

# %%
# The search
# ----------
# The l2 penalty and the learning rate are inputs of the compiled
# program, so all nine candidates use one program. ``epochs`` is the
# maximum: early stopping ends each fit.
network = MLPClassifier(
    width=128,
    epochs=60,
    early_stopping=True,
    patience=5,
    random_state=0,
)
grid = {"l2": [0.0, 1e-4, 1e-3], "learning_rate": [3e-4, 1e-3, 3e-3]}
search = GridSearchCV(network, grid, cv=3).fit(X_train, y_train)
print(f"best: {search.best_params_}")
print(f"mean accuracy of 3 folds: {search.best_score_:.3f}")
print(
    f"accuracy on the test rows: {search.score(X_test, y_test):.3f}"
)

# %%
# The picture
# -----------
# The test images for which the network gave the lowest probability to
# the true class.
import matplotlib.pyplot as plt
import numpy as np

probabilities = search.predict_proba(X_test)
of_true_class = probabilities[np.arange(len(y_test)), y_test]
worst = np.argsort(of_true_class)[:10]
fig, axes = plt.subplots(2, 5, figsize=(8, 4), layout="constrained")
for ax, i in zip(axes.flat, worst, strict=True):
    predicted = probabilities[i].argmax()
    title = f"true {y_test[i]}, predicted {predicted}"
    ax.imshow(X_test[i], cmap="gray_r")
    ax.set_title(title, fontsize=9)
    ax.axis("off")
fig.suptitle(
    "The digits with the lowest probability of the true class"
)
plt.show()
