"""
Early stopping
==============

``early_stopping=True`` uses ``validation_fraction`` of the training
rows for validation only. Training stops after ``patience`` epochs
without a better validation loss. The network keeps the weights of the
best epoch.
"""

# %%
# Train
# -----
# The validation rows are stratified by class, and ``random_state``
# decides which rows they are. ``epochs`` is now the maximum, and
# ``n_epochs_`` is the number of epochs that were trained.
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skhp import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, stratify=y, random_state=0
)

model = make_pipeline(
    MinMaxScaler(),
    MLPClassifier(
        n_layers=2,
        width=128,
        learning_rate=3e-3,
        epochs=200,
        early_stopping=True,
        validation_fraction=0.2,
        patience=10,
        random_state=0,
    ),
)
model.fit(X_train, y_train)

# %%
# The result
# ----------
# ``history_`` has a list for each loss and metric, with one value for
# each epoch.
network = model[-1]
best_epoch = int(np.argmin(network.history_["val_loss"])) + 1
print(
    f"trained {network.n_epochs_} of at most {network.epochs} epochs"
)
print(f"best validation loss after epoch {best_epoch}")
print(f"accuracy on the test rows: {model.score(X_test, y_test):.3f}")

# %%
# The picture
# -----------
# The training loss still falls when the validation loss no longer
# does.
import matplotlib.pyplot as plt

epochs = range(1, network.n_epochs_ + 1)
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
ax.plot(epochs, network.history_["loss"], label="training rows")
ax.plot(epochs, network.history_["val_loss"], label="validation rows")
ax.axvline(
    best_epoch,
    color="grey",
    linestyle="--",
    label=f"weights kept: epoch {best_epoch}",
)
ax.set(
    xlabel="epoch",
    ylabel="loss",
    yscale="log",
    title="Digits: loss by epoch",
)
ax.legend()
plt.show()

# %%
# Watch a score
# -------------
# ``monitor`` takes the name of a scikit-learn scorer. The scorer gets
# the network and the validation rows after each epoch, and
# ``history_`` has its values. Several epochs may share the best
# accuracy. The weights are those of the first of them.
model.set_params(mlpclassifier__monitor="accuracy").fit(
    X_train, y_train
)
network = model[-1]
best_epoch = int(np.argmax(network.history_["val_accuracy"])) + 1
print(
    f"trained {network.n_epochs_} of at most {network.epochs} epochs"
)
print(f"best validation accuracy after epoch {best_epoch}")
print(f"accuracy on the test rows: {model.score(X_test, y_test):.3f}")
