"""The same multilayer perceptron in torch, for the systems that stand on it."""

from itertools import pairwise

import torch

ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}


class TorchMLP(torch.nn.Module):
    """Dense layers that end in logits, one a class.

    Parameters
    ----------
    n_features, n_outputs : int
        The network's two ends.
    n_layers, width : int
        The hidden layers.
    activation : {"relu", "tanh"}
        What stands behind each hidden layer.
    """

    def __init__(self, n_features, n_outputs, n_layers=2, width=64, activation="relu"):
        super().__init__()
        sizes = [n_features, *[width] * n_layers]
        layers = []
        for before, after in pairwise(sizes):
            layers += [torch.nn.Linear(before, after), ACTIVATIONS[activation]()]
        self.layers = torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-1], n_outputs))

    def forward(self, X):
        """Return the logits of the rows of ``X``."""
        return self.layers(X)


def skorch_classifier(n_features, epochs, **parameters):
    """Return a skorch classifier that trains on all rows it gets."""
    from skorch import NeuralNetClassifier

    return NeuralNetClassifier(
        TorchMLP,
        module__n_features=n_features,
        module__n_outputs=2,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=epochs,
        batch_size=32,
        train_split=None,
        verbose=0,
        **parameters,
    )
