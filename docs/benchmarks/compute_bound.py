"""One epoch of a network so large that arithmetic, not overhead, takes the time.

What is measured
    8192 x 3072 random rows, one hidden layer of 950, 10 classes, Adam, float32; seconds
    an epoch at batch size 32 and at 256.  Each system first trains once, so that
    everything is traced and compiled.  Then it trains for several epochs.  The number is
    the time of this call, divided by its epochs.  It includes the rest of a fit: checking
    the data, drawing weights, copying.

How to run
    python compute_bound.py
    python compute_bound.py --torch-python OTHER/bin/python   # torch is installed there
    python compute_bound.py --smoke                           # 256 rows; keeps nothing
"""

import time
import warnings
from functools import partial

import comparison
import machine
from comparison import System

N_CLASSES = 10


def data(options):
    """Return random rows and labels."""
    import numpy as np

    random = np.random.default_rng(0)
    rows = 256 if options.smoke else 8192
    X = random.standard_normal((rows, 3072), dtype=np.float32)
    return X, random.integers(0, N_CLASSES, rows)


def width(options):
    """Return how wide the hidden layer is."""
    return 50 if options.smoke else 950


def seconds_an_epoch(train, options):
    """Train once, then time ``train(epochs)`` and return the seconds an epoch."""
    train(1)
    start = time.perf_counter()
    train(options.epochs)
    return (time.perf_counter() - start) / options.epochs


def skhp_trainer(options, batch_size):
    """Return what trains an ``skhp.MLPClassifier`` from scratch; its program is kept."""
    from skhp import MLPClassifier

    X, y = data(options)

    def train(epochs):
        MLPClassifier(1, width(options), batch_size=batch_size, epochs=epochs).fit(X, y)

    return train


def keras_trainer(options, batch_size, *, jit_compile="auto"):
    """Return what trains on one Keras model, built and compiled once."""
    import networks

    X, y = data(options)
    loss = "sparse_categorical_crossentropy"
    shape = (X.shape[1], N_CLASSES, 1, width(options))
    model = networks.keras_mlp(*shape, loss=loss, jit_compile=jit_compile)
    return lambda epochs: model.fit(X, y, batch_size=batch_size, epochs=epochs, verbose=0)


def sklearn_trainer(options, batch_size):
    """Return what trains scikit-learn's own network."""
    import networks

    X, y = data(options)
    shape = {"hidden_layer_sizes": (width(options),), "batch_size": batch_size}
    return lambda epochs: networks.sklearn_mlp(epochs, **shape).fit(X, y)


def torch_trainer(options, batch_size):
    """Return what trains on one torch module: the plain loop, no data loader."""
    import torch
    from torch_networks import TorchMLP

    X, y = (torch.from_numpy(part) for part in data(options))
    model = TorchMLP(X.shape[1], N_CLASSES, 1, width(options))
    optimizer = torch.optim.Adam(model.parameters())
    loss = torch.nn.CrossEntropyLoss()

    def train(epochs):
        for _ in range(epochs):
            for batch in torch.randperm(len(X)).split(batch_size):
                optimizer.zero_grad()
                loss(model(X[batch]), y[batch]).backward()
                optimizer.step()

    return train


def measure(trainer, options):
    """Measure one system at every batch size."""
    warnings.simplefilter("ignore")
    seconds = {
        f"batch_{size}_s": seconds_an_epoch(trainer(options, size), options) for size in (32, 256)
    }
    return {**seconds, "peak_mb": machine.peak_mb(), "versions": machine.versions()}


SYSTEMS = {
    "skhp": System("skhp", partial(measure, skhp_trainer)),
    "keras": System("Keras fit", partial(measure, keras_trainer)),
    "keras-jit": System(
        "Keras fit, jit_compile=True",
        partial(measure, partial(keras_trainer, jit_compile=True)),
    ),
    "torch": System("torch, plain loop", partial(measure, torch_trainer), torch=True),
    "sklearn": System("scikit-learn MLPClassifier", partial(measure, sklearn_trainer)),
}
COLUMNS = ["batch_32_s", "batch_256_s", "peak_mb"]


def main():
    """Read the command line and run."""
    parser = comparison.command_line(__doc__, SYSTEMS)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    comparison.run(__file__, SYSTEMS, options, name="compute_bound", columns=COLUMNS)


if __name__ == "__main__":
    main()
