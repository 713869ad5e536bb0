"""
1. A TensorBoard run for each depth and width
=============================================

The tutorial trains a network for every combination of 2 to 5 hidden layers and 64 to 1024 units.
Each layer has batch normalization and dropout, and the optimizer is Nadam. TensorBoard shows the
validation accuracy of all runs in one picture.

With Keras only, you write a function that builds the network, two nested loops, a name and a
callback for each run, and code that finds the best run. This takes 29 lines, in
``elsewhere/1_layers_by_width_keras.py`` next to this example. With skhp it takes 14 lines, from
``network =`` to ``fit``, and you also get scikit-learn's table of results.
"""

# %%
# The images
# ----------
import socket

import keras
from sklearn.datasets import load_digits


def load_images():
    """Load MNIST, or scikit-learn's digits if it cannot be downloaded."""
    socket.setdefaulttimeout(5)
    try:
        (images, labels), _ = keras.datasets.mnist.load_data()
        return "MNIST", images / 255.0, labels
    except Exception as error:
        print(f"MNIST cannot be downloaded ({error}); using scikit-learn's digits instead.")
        digits = load_digits()
        return "digits", digits.images / 16.0, digits.target
    finally:
        socket.setdefaulttimeout(None)


name, images, labels = load_images()
X, y = images[:1200], labels[:1200]
print(f"{name}: {X.shape}")

# %%
# The search
# ----------
# This page tries only two widths, so that it runs in less than a minute: each combination needs
# its own compiled program. As in the original, one fifth of the rows is used for validation after
# each epoch, and to score the candidate. With ``cv=5`` every row would be used for scoring once.
# TensorBoard (``pip install tensorboard``) gets one run for each candidate, and ``LearningCurves``
# keeps the same values as a table.
import tempfile

from sklearn.model_selection import GridSearchCV, train_test_split

from skhp import MLPClassifier
from skhp.callback import LearningCurves, TensorBoard

log_dir = tempfile.mkdtemp()  # this folder is not deleted, so you can open it later

network = MLPClassifier(
    optimizer="nadam",
    batch_norm=True,
    dropout=0.2,
    epochs=6,
    batch_size=128,
    metrics=["accuracy"],
    random_state=0,
)
grid = {"n_layers": [2, 3, 4, 5], "width": [64, 256]}
train, test = train_test_split(range(len(X)), test_size=0.2, stratify=y, random_state=0)
curves = LearningCurves()
search = GridSearchCV(network, grid, cv=[(train, test)], refit=False)
search.set_callbacks(curves, TensorBoard(log_dir)).fit(X, y, X_val=X[test], y_val=y[test])

# %%
# ``tensorboard --logdir`` with this folder shows the runs under these names, and the HParams tab.
from pathlib import Path

print(*sorted(path.name for path in Path(log_dir).iterdir() if path.is_dir()), sep="\n")

# %%
# The best runs
# -------------
import pandas as pd

results = pd.DataFrame(search.cv_results_).sort_values("rank_test_score")
columns = ["param_n_layers", "param_width", "mean_test_score", "mean_fit_time"]
print(results[columns].head().to_string(index=False, float_format="{:.3f}".format))

# %%
# The picture
# -----------
# On the left all runs, coloured by depth. On the right the accuracy after the last epoch.
import matplotlib.pyplot as plt

from skhp.displays import SearchHeatmapDisplay, TrainingCurvesDisplay

fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), layout="constrained")
TrainingCurvesDisplay.from_search(
    search, curves, kind="all", curve="accuracy", hue="n_layers", ax=left
)
SearchHeatmapDisplay.from_search(search, "width", "n_layers", ax=right)
right.set_title("after the last epoch")
fig.suptitle(f"{name}: accuracy of all runs")
plt.show()
