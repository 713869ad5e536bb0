"""
1. A TensorBoard run for each depth and width
=============================================

The tutorial trains a network for every combination of 2 to 5 hidden
layers and 64 to 1024 units. Each layer has batch normalization and
dropout, and the optimizer is Nadam. TensorBoard shows the validation
accuracy of all runs in one picture. This page trains six networks
of 64 and 256 units, writes a TensorBoard run for each, and draws the
same picture.

With Keras only, you write a function that builds the network, two
nested loops, a name and a callback for each run, and code that finds
the best run. This takes 37 lines, in
``other_libraries/1_layers_by_width_keras.py`` next to this example.
With skhp it takes 17 lines, from ``network =`` to ``fit``, and you
also get scikit-learn's table of results.
"""

# %%
# The images
# ----------
from images import load_images

images, labels = load_images("mnist")
X, y = images[:1200], labels[:1200]
print(X.shape)

# %%
# The search
# ----------
# Each combination of depth and width needs its own compiled program.
# As in the original, one fifth of the rows is used for validation
# after each epoch, and to score the candidate. TensorBoard (``pip
# install tensorboard``) gets one run for each candidate, and
# ``LearningCurves`` keeps the same values as a table.
import tempfile

from sklearn.model_selection import GridSearchCV, train_test_split

from skhp import MLPClassifier
from skhp.callback import LearningCurves, TensorBoard

log_dir = tempfile.mkdtemp()  # stays after the script

network = MLPClassifier(
    optimizer="nadam",
    batch_norm=True,
    dropout=0.2,
    epochs=6,
    batch_size=128,
    metrics=["accuracy"],
    random_state=0,
)
grid = {"n_layers": [2, 3, 5], "width": [64, 256]}
train, test = train_test_split(
    range(len(X)), test_size=0.2, stratify=y, random_state=0
)
curves = LearningCurves()
search = GridSearchCV(network, grid, cv=[(train, test)], refit=False)
search.set_callbacks(curves, TensorBoard(log_dir))
search.fit(X, y, X_val=X[test], y_val=y[test])

# %%
# ``tensorboard --logdir`` with this folder shows the runs under these
# names, and the HParams tab.
from pathlib import Path

runs = [
    path.name for path in Path(log_dir).iterdir() if path.is_dir()
]
print(*sorted(runs), sep="\n")

# %%
# The best runs
# -------------
from skhp.search import results_summary

columns = ["n_layers", "width", "mean_test_score", "mean_train_time"]
print(results_summary(search, n=5)[columns].round(3).to_string())

# %%
# All runs
# --------
# Each line is a run, coloured by its number of layers. Deeper
# networks begin to learn later.
import matplotlib.pyplot as plt

from skhp.displays import SearchHeatmapDisplay, TrainingCurvesDisplay

TrainingCurvesDisplay.from_search(
    search, curves, kind="all", curve="accuracy", hue="n_layers"
)
plt.show()

# %%
# After the last epoch
# --------------------
SearchHeatmapDisplay.from_search(search, "width", "n_layers")
plt.title("accuracy after the last epoch")
plt.show()
