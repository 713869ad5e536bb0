"""What it costs to store a fit with ``memory``.

What is measured
    Fits of about 1.2 and 5 processor seconds, without ``memory`` and with a new directory for
    each fit, in turns, 15 of each in one process; every second pair goes the other way round.
    Nothing is loaded: each fit is trained, its rows are read once to recognize it, and its
    weights are written to the disk.  Checkpoints are written every 10 seconds, which is the
    default.  *In the store* is the time of skhp's code that finds and keeps fits, as a share of
    a fit without ``memory``.  *More* is the median of the differences within each pair.  It
    varies by about two percent from run to run on a machine on which other programs run.  Wall
    time includes the time until the disk has the file.  The small table has 1,797 rows and 64
    columns (digits), the large X has 1 GB: 250 columns of float32.

How to run
    python store_cost.py
    python store_cost.py --systems mlp keras --pairs 5 --output here.json
    python store_cost.py --smoke             # 2 pairs of 0.1 s, and 80 MB; keeps nothing
"""

import statistics
import tempfile
import time
import warnings
from functools import partial

import comparison
import large_data
import machine
from comparison import System

BATCH = 200


def digits(options):
    """Return a small table and its labels."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return (X / 16).astype("float32"), y


def large(options):
    """Return a large X of random numbers, and labels."""
    import numpy as np

    X = large_data.array(80 if options.smoke else options.megabytes)
    return X, np.arange(len(X)) % 10


def perceptron(n_features):
    """Return an ``skhp.MLPClassifier``."""
    from skhp import MLPClassifier

    return MLPClassifier(random_state=0, batch_size=BATCH)


def perceptron_that_stops(n_features):
    """Return one with early stopping on a validation score, and a callback of Keras."""
    import keras

    follows = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate)
    stop = {"early_stopping": True, "monitor": "accuracy", "patience": 10**6}
    return perceptron(n_features).set_params(**stop, callbacks=[follows])


def model(n_features):
    """Return an ``skhp.KerasClassifier``."""
    import keras

    from skhp import KerasClassifier

    def build():
        layers = [keras.layers.Dense(64, "relu"), keras.layers.Dense(64, "relu")]
        last = keras.layers.Dense(10, "softmax")
        return keras.Sequential([keras.Input((n_features,)), *layers, last])

    loss = "sparse_categorical_crossentropy"
    return KerasClassifier(build, loss=loss, optimizer="adam", random_state=0, batch_size=BATCH)


def model_that_stops(n_features):
    """Return one with validation rows, early stopping of Keras, and a rate on a plateau."""
    import keras

    callbacks = [
        keras.callbacks.EarlyStopping(patience=10**6, restore_best_weights=True),
        keras.callbacks.ReduceLROnPlateau(patience=10),
    ]
    return model(n_features).set_params(validation_split=0.1, callbacks=callbacks)


class Spent:
    """Seconds of a thread in some methods: processor and wall."""

    def __init__(self):
        self.cpu_s = self.wall_s = 0.0

    def count(self, kind, name):
        """Count a method of a class from now on."""
        method = getattr(kind, name)

        def counted(*args, **kwargs):
            start = time.thread_time(), time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                self.cpu_s += time.thread_time() - start[0]
                self.wall_s += time.perf_counter() - start[1]

        setattr(kind, name, counted)


def in_store():
    """Return the seconds that fits spend in their store from now on."""
    from skhp.engine.program_training import _Training
    from skhp.fitting.fit_checkpoints import FitCheckpoints, _Store

    spent = Spent()
    spent.count(_Training, "checkpoint")  # copies the weights
    spent.count(_Store, "checkpoints")  # makes the key
    for name in ("find", "is_due", "keep"):
        spent.count(FitCheckpoints, name)
    return spent


def times(net, X, y, memory):
    """Return the processor and the wall seconds of a fit that is trained."""
    from sklearn.base import clone

    net = clone(net).set_params(memory=memory)
    start = time.process_time(), time.perf_counter()
    net.fit(X, y)
    return time.process_time() - start[0], time.perf_counter() - start[1]


def epochs_for(net, X, y, seconds):
    """Return how many epochs take about so many processor seconds."""
    epochs = 6
    while True:
        longer = net.set_params(epochs=epochs)
        times(longer, X, y, None)  # compiles: more steps may run in another way
        spent = times(longer, X, y, None)[0]
        if spent >= seconds / 4:
            return max(1, round(epochs * seconds / spent))
        epochs *= 2


def measure(make, rows, seconds, options):
    """Measure one kind of fit in this process."""
    warnings.simplefilter("ignore")
    X, y = rows(options)
    net = make(X.shape[1])
    net.set_params(epochs=epochs_for(net, X, y, 0.1 if options.smoke else seconds))
    n_pairs = 2 if options.smoke else options.pairs
    with tempfile.TemporaryDirectory() as directory:
        times(net, X, y, f"{directory}/first")  # imports what the store needs
        spent = in_store()
        pairs = [pair(net, X, y, f"{directory}/{number}", number % 2) for number in range(n_pairs)]
    return {
        **summary(pairs, spent),
        "epochs": net.epochs,
        "versions": machine.versions(),
    }


def pair(net, X, y, memory, is_reversed):
    """Return the times of a fit without and with a store."""
    order = (memory, None) if is_reversed else (None, memory)
    found = {m: times(net, X, y, m) for m in order}
    return found[None], found[memory]


def summary(pairs, spent):
    """Return the medians of pairs of times, and the shares that the store takes."""
    record = {"pairs": [[[round(s, 4) for s in fit] for fit in both] for both in pairs]}
    for place, name in enumerate(("cpu", "wall")):
        both = [(plain[place], stored[place]) for plain, stored in pairs]
        seconds = statistics.median(plain for plain, _ in both)
        record[f"{name}_s"] = seconds
        record[f"{name}_share"] = round(100 * getattr(spent, f"{name}_s") / len(pairs) / seconds, 2)
        record[f"{name}_more"] = round(statistics.median(100 * (b / a - 1) for a, b in both), 2)
    return record


SYSTEMS = {
    "mlp": System("MLPClassifier", partial(measure, perceptron, digits, 1.2)),
    "mlp-5": System("MLPClassifier, longer", partial(measure, perceptron, digits, 5.0)),
    "mlp-stop": System(
        "MLPClassifier, early stopping, callback",
        partial(measure, perceptron_that_stops, digits, 1.2),
    ),
    "mlp-large": System("MLPClassifier, large X", partial(measure, perceptron, large, 5.0)),
    "keras": System("KerasClassifier", partial(measure, model, digits, 1.2)),
    "keras-5": System("KerasClassifier, longer", partial(measure, model, digits, 5.0)),
    "keras-stop": System(
        "KerasClassifier, validation rows, callbacks",
        partial(measure, model_that_stops, digits, 1.2),
    ),
    "keras-large": System("KerasClassifier, large X", partial(measure, model, large, 5.0)),
}
COLUMNS = ["cpu_s", "cpu_share", "cpu_more", "wall_s", "wall_share", "wall_more"]


def main():
    """Read the command line and run."""
    parser = comparison.command_line(__doc__, SYSTEMS)
    parser.set_defaults(repeats=1)
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--megabytes", type=int, default=1000)
    options = parser.parse_args()
    comparison.run(__file__, SYSTEMS, options, name="store_cost", columns=COLUMNS)


if __name__ == "__main__":
    main()
