"""Whether memory grows with the number of fits.

What is measured
    Many fits in one process, with 25 structures in turn (1 to 5 layers x width 8 to 128).
    Each fit has its own learning rate and seed, and 3 epochs on breast cancer.  Resident
    memory after every 25th fit, and its growth in MB a fit.  The growth leaves out the
    first fifth of the fits, in which caches fill.  scikeras gets fewer fits: it is slow.
    Other rows: perceptrons with a Keras callback, perceptrons whose ``model_`` is read,
    perceptrons that Keras's own fit trains (with a callback that acts on every batch), and
    a subclass of keras.Model.

How to run
    python memory.py                     # Linux only: reads /proc
    python memory.py --fits 1000 --slow-fits 300
    python memory.py --smoke             # 10 fits; keeps nothing
"""

import gc
import time
import warnings
from functools import partial

import comparison
import machine
from comparison import System

EPOCHS = 3
STRUCTURES = [
    {"n_layers": n_layers, "width": width}
    for n_layers in (1, 2, 3, 4, 5)
    for width in (8, 16, 32, 64, 128)
]


def data():
    """Return the table, scaled, and its labels."""
    import numpy as np
    from sklearn.datasets import load_breast_cancer
    from sklearn.preprocessing import StandardScaler

    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X).astype(np.float32), y


def skhp_classifier(structure, number):
    """Return an ``skhp.MLPClassifier``."""
    from skhp import MLPClassifier

    numbers = {"learning_rate": 1e-3 * (1 + number % 7), "random_state": number}
    return MLPClassifier(**structure, **numbers, batch_size=32, epochs=EPOCHS)


def with_callback(structure, number):
    """Return a perceptron with a Keras callback that follows the epochs."""
    import keras

    follows = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate)
    return skhp_classifier(structure, number).set_params(callbacks=[follows])


def trained_by_keras(structure, number):
    """Return a perceptron with a callback for which Keras's own fit trains it."""
    import keras

    looks = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    return skhp_classifier(structure, number).set_params(callbacks=[looks])


def subclassed(structure, number):
    """Return an ``skhp.KerasClassifier`` of a subclass of `keras.Model`."""
    import keras

    from skhp import KerasClassifier

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.parts = [
                keras.layers.Dense(structure["width"], activation="relu")
                for _ in range(structure["n_layers"])
            ]
            self.last = keras.layers.Dense(2, activation="softmax")

        def call(self, x):
            for part in self.parts:
                x = part(x)
            return self.last(x)

    loss = "sparse_categorical_crossentropy"
    return KerasClassifier(lambda: Net(), loss=loss, epochs=EPOCHS, random_state=number)


def keras_classifier(structure, number):
    """Return an ``skhp.KerasClassifier`` with the function that scikeras gets."""
    import networks

    from skhp import KerasClassifier

    numbers = {"learning_rate": 1e-3 * (1 + number % 7), "random_state": number}
    settings = {"activation": "relu", "batch_size": 32, "epochs": EPOCHS}
    return KerasClassifier(networks.scikeras_mlp, **structure, **numbers, **settings)


def scikeras_classifier(structure, number):
    """Return a scikeras classifier, without a seed, which would slow it down."""
    import networks

    learning_rate = 1e-3 * (1 + number % 7)
    return networks.scikeras_classifier(EPOCHS, **structure, learning_rate=learning_rate)


def sklearn_classifier(structure, number):
    """Return scikit-learn's own network."""
    import networks

    return networks.sklearn_mlp(
        EPOCHS,
        hidden_layer_sizes=(structure["width"],) * structure["n_layers"],
        learning_rate_init=1e-3 * (1 + number % 7),
        random_state=number,
    )


def memory_after_fits(make, n_fits, every, after=lambda fitted: None):
    """Return the memory after every so many fits, as (fits, MB) pairs."""
    X, y = data()
    points = []
    for number in range(n_fits):
        after(make(STRUCTURES[number % len(STRUCTURES)], number).fit(X, y))
        if (number + 1) % every == 0:
            gc.collect()
            points.append((number + 1, machine.resident_mb()))
    return points


def slope(points, n_fits):
    """Return the MB a fit behind the first fifth of the fits."""
    import numpy as np

    late = [point for point in points if point[0] >= n_fits / 5]
    return float(np.polyfit(*zip(*late, strict=True), 1)[0])


def measure(make, options, after=lambda fitted: None):
    """Measure one system in this process."""
    warnings.simplefilter("ignore")
    slow = SYSTEMS[options.child].slow
    n_fits = 10 if options.smoke else options.slow_fits if slow else options.fits
    start = time.perf_counter()
    points = memory_after_fits(make, n_fits, 2 if options.smoke else 25, after)
    return {
        "fits": n_fits,
        "first_mb": points[0][1],
        "last_mb": points[-1][1],
        "slope": slope(points, n_fits),
        "fits_s": time.perf_counter() - start,
        "resident_mb": points,
        "versions": machine.versions(),
    }


SYSTEMS = {
    "skhp": System("skhp", partial(measure, skhp_classifier)),
    "skhp-wrapper": System("skhp KerasClassifier", partial(measure, keras_classifier)),
    "skhp-callback": System("skhp, Keras callback", partial(measure, with_callback)),
    "skhp-model": System(
        "skhp, ``model_`` read", partial(measure, skhp_classifier, after=lambda net: net.model_)
    ),
    "skhp-keras": System("skhp, trained by Keras", partial(measure, trained_by_keras)),
    "skhp-subclass": System("skhp, subclass of keras.Model", partial(measure, subclassed)),
    "scikeras": System("scikeras", partial(measure, scikeras_classifier), slow=True),
    "sklearn": System("scikit-learn MLPClassifier", partial(measure, sklearn_classifier)),
}
COLUMNS = ["fits", "first_mb", "last_mb", "slope", "fits_s"]


def main():
    """Read the command line and run."""
    parser = comparison.command_line(__doc__, SYSTEMS)
    parser.set_defaults(repeats=1)
    parser.add_argument("--fits", type=int, default=500)
    parser.add_argument("--slow-fits", type=int, default=150)
    options = parser.parse_args()
    comparison.run(__file__, SYSTEMS, options, name="memory", columns=COLUMNS)


if __name__ == "__main__":
    main()
