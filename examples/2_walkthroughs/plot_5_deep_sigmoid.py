"""
5. Why a deep sigmoid network does not learn
============================================

The tutorial tunes a network by hand: first the learning rate, then
the number of epochs, then the depth. With ten hidden layers and
sigmoid, the network does not learn, because the gradient becomes
smaller at every layer. With ReLU, the same network learns. At each
step, the tutorial shows the curves, accuracy, precision and recall.

With Keras only, a function builds, compiles and fits the network of
each step. This takes 28 lines, in
``other_libraries/5_deep_sigmoid_keras.py`` next to this example. With
skhp, each step names only the parameters that it changes. This page
takes five steps and shows their curves and scores.
"""

# %%
# The images
# ----------
from images import load_images
from sklearn.model_selection import train_test_split

images, labels = load_images("mnist")
images, labels = images[:3000], labels[:3000]
X, X_test, y, y_test = train_test_split(
    images, labels, test_size=0.25, stratify=labels, random_state=0
)

# %%
# Five steps
# ----------
# Each step changes one thing. The last step also changes the learning
# rate, because 0.5 is far too large for ReLU. The network is
# evaluated on ``X_val`` and ``y_val`` after each epoch. It does not
# train on them.
from sklearn.base import clone

from skhp import MLPClassifier

steps = {
    "a small learning rate": {"learning_rate": 1e-3, "epochs": 30},
    "a larger one": {"learning_rate": 0.5, "epochs": 30},
    "more epochs": {"learning_rate": 0.5, "epochs": 90},
    "ten layers of sigmoid": {
        "learning_rate": 0.5,
        "epochs": 90,
        "n_layers": 10,
    },
    "ten layers of ReLU": {
        "learning_rate": 0.02,
        "epochs": 90,
        "n_layers": 10,
        "activation": "relu",
    },
}
start = MLPClassifier(
    n_layers=1,
    width=32,
    activation="sigmoid",
    optimizer="sgd",
    metrics=["accuracy"],
    random_state=0,
)
networks = {}
for step, parameters in steps.items():
    network = clone(start).set_params(**parameters)
    networks[step] = network.fit(X, y, X_val=X_test, y_val=y_test)

# %%
# Accuracy, precision and recall
# ------------------------------
# The means over the ten classes. A network that has not learned
# predicts the same class for every row. Its recall is 0.1 and its
# precision 0.01.
from sklearn.metrics import (
    accuracy_score,
    precision_recall_fscore_support,
)

print(f"{'':24}accuracy  precision  recall")
for step, network in networks.items():
    predicted = network.predict(X_test)
    accuracy = accuracy_score(y_test, predicted)
    precision, recall, *_ = precision_recall_fscore_support(
        y_test, predicted, average="macro", zero_division=0
    )
    print(f"{step:24}{accuracy:8.3f}{precision:11.3f}{recall:8.3f}")

# %%
# The picture
# -----------
import matplotlib.pyplot as plt

from skhp.displays import TrainingCurvesDisplay

fig, axes = plt.subplots(2, 3, figsize=(10, 6), layout="constrained")
axes[1, 2].axis("off")  # five steps
for ax, (step, network) in zip(
    axes.flat, networks.items(), strict=False
):
    TrainingCurvesDisplay.from_estimator(
        network, metrics=["accuracy"], ax=ax, ylim=(0, 1.02)
    )
    ax.set_title(step)
plt.show()
