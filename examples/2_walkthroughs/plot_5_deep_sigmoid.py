"""
5. Why a deep sigmoid network will not learn
============================================

The walk-through tunes by hand: first the learning rate, then the number of epochs, then depth. Ten
hidden layers with sigmoid stay at chance, because the gradient shrinks at every layer that it
passes on the way back; with ReLU the same network learns. At each stop it looks at the curves, and
at accuracy, precision and recall.

With Keras alone a function builds, compiles and fits the network of each stop: 20 lines, in
``elsewhere/5_deep_sigmoid_keras.py`` beside this example. Here it is 20 lines too, from ``stops =``
to the end of the loop. What is less is the reading: a stop says what it changes, and no more.
"""

# %%
# The images
# ----------
import socket

import keras
from sklearn.datasets import load_digits


def load_images():
    """MNIST, or scikit-learn's digits where it cannot be downloaded."""
    socket.setdefaulttimeout(5)
    try:
        (images, labels), _ = keras.datasets.mnist.load_data()
        return "MNIST", images / 255.0, labels
    except Exception as error:
        print(f"MNIST cannot be downloaded ({error}); scikit-learn's digits take its place.")
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
# Five stops
# ----------
# Each changes one thing; ReLU, for which 0.5 is far too large, its learning rate too. ``X_val`` and
# ``y_val`` are looked at after each epoch, and take no part in training.
from skhp import MLPClassifier

stops = {
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
for stop, parameters in stops.items():
    network = MLPClassifier(**{**start.get_params(), **parameters})
    networks[stop] = network.fit(X, y, X_val=X_test, y_val=y_test)

# %%
# Accuracy, precision and recall
# ------------------------------
# Means over the ten classes. A network at chance names one class for everything: its recall is a
# tenth, and its precision a hundredth.
from sklearn.metrics import accuracy_score, precision_score, recall_score

print(f"{name:24}accuracy  precision  recall")
for stop, network in networks.items():
    said = network.predict(X_test)
    accuracy = accuracy_score(y_test, said)
    precision = precision_score(y_test, said, average="macro", zero_division=0)
    recall = recall_score(y_test, said, average="macro")
    print(f"{stop:24}{accuracy:8.3f}{precision:11.3f}{recall:8.3f}")

# %%
# The picture
# -----------
import matplotlib.pyplot as plt

from skhp.displays import TrainingCurvesDisplay

fig, axes = plt.subplots(1, 5, figsize=(14, 3.2), sharey=True, layout="constrained")
for ax, (stop, network) in zip(axes, networks.items(), strict=True):
    TrainingCurvesDisplay.from_estimator(network, metrics=["accuracy"], ax=ax, ylim=(0, 1.02))
    ax.set_title(stop, fontsize=10)
fig.suptitle(f"{name}: accuracy by epoch")
plt.show()
