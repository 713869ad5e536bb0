"""
5. Why a deep sigmoid network does not learn
============================================

The tutorial tunes a network by hand: first the learning rate, then the number of epochs, then the
depth. With ten hidden layers and sigmoid, the network does not learn, because the gradient
becomes smaller at every layer. With ReLU, the same network learns. At each step, the tutorial
shows the curves, accuracy, precision and recall.

With Keras only, a function builds, compiles and fits the network of each step. This takes 20
lines, in ``elsewhere/5_deep_sigmoid_keras.py`` next to this example. With skhp it also takes 20
lines, from ``steps =`` to the end of the loop. But they are easier to read: each step names only
the parameters that it changes.
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


from sklearn.model_selection import train_test_split

name, images, labels = load_images()
X, X_test, y, y_test = train_test_split(
    images[:3000], labels[:3000], test_size=0.25, stratify=labels[:3000], random_state=0
)

# %%
# Five steps
# ----------
# Each step changes one thing. The last step also changes the learning rate, because 0.5 is far
# too large for ReLU. The network is evaluated on ``X_val`` and ``y_val`` after each epoch. It
# does not train on them.
from skhp import MLPClassifier

steps = {
    "a small learning rate": {"learning_rate": 1e-3, "epochs": 30},
    "a larger one": {"learning_rate": 0.5, "epochs": 30},
    "more epochs": {"learning_rate": 0.5, "epochs": 90},
    "ten layers of sigmoid": {"learning_rate": 0.5, "epochs": 90, "n_layers": 10},
    "ten layers of ReLU": {
        "learning_rate": 0.02,
        "epochs": 90,
        "n_layers": 10,
        "activation": "relu",
    },
}
start = MLPClassifier(
    n_layers=1, width=32, activation="sigmoid", optimizer="sgd", metrics=["accuracy"],
    random_state=0,
)  # fmt: skip
networks = {}
for step, parameters in steps.items():
    network = MLPClassifier(**{**start.get_params(), **parameters})
    networks[step] = network.fit(X, y, X_val=X_test, y_val=y_test)

# %%
# Accuracy, precision and recall
# ------------------------------
# The means over the ten classes. A network that has not learned predicts the same class for every
# row. Its recall is 0.1 and its precision 0.01.
from sklearn.metrics import accuracy_score, precision_score, recall_score

print(f"{name:24}accuracy  precision  recall")
for step, network in networks.items():
    predicted = network.predict(X_test)
    accuracy = accuracy_score(y_test, predicted)
    precision = precision_score(y_test, predicted, average="macro", zero_division=0)
    recall = recall_score(y_test, predicted, average="macro")
    print(f"{step:24}{accuracy:8.3f}{precision:11.3f}{recall:8.3f}")

# %%
# The picture
# -----------
import matplotlib.pyplot as plt

from skhp.displays import TrainingCurvesDisplay

fig, axes = plt.subplots(1, 5, figsize=(14, 3.2), sharey=True, layout="constrained")
for ax, (step, network) in zip(axes, networks.items(), strict=True):
    TrainingCurvesDisplay.from_estimator(network, metrics=["accuracy"], ax=ax, ylim=(0, 1.02))
    ax.set_title(step, fontsize=10)
fig.suptitle(f"{name}: accuracy by epoch")
plt.show()
