"""Predict one row, and 100,000 rows.

What is measured
    A trained network of two hidden layers of 64 on 30 features; milliseconds of a call
    on 1 row and on 100,000 rows: the median of many calls, without the first few.
    skhp and scikit-learn check the input and return labels; the Keras calls return
    probabilities as a NumPy array, which is less work.  ``Model.predict`` is called with
    its default batches of 32, and with batches of 4096.

How to run
    python predict.py
    python predict.py --smoke   # 1000 rows; keeps nothing
"""

import statistics
import time
import warnings
from functools import partial

import comparison
import machine
from comparison import System

N_FEATURES = 30


def rows(n_rows):
    """Return random rows."""
    import numpy as np

    random = np.random.default_rng(0)
    return random.standard_normal((n_rows, N_FEATURES), dtype=np.float32)


def labels(X):
    """Return two classes that a network can learn."""
    return (X[:, 0] > X[:, 1]).astype("int64")


def skhp_predictor():
    """Return ``predict`` of a fitted ``skhp.MLPClassifier``."""
    from skhp import MLPClassifier

    X = rows(1000)
    return MLPClassifier(2, 64, batch_size=32, epochs=2).fit(X, labels(X)).predict


def sklearn_predictor():
    """Return ``predict`` of scikit-learn's own network, fitted."""
    import networks

    X = rows(1000)
    network = networks.sklearn_mlp(2, hidden_layer_sizes=(64, 64))
    return network.fit(X, labels(X)).predict


def fitted_keras():
    """Return a fitted Keras model."""
    import networks

    X = rows(1000)
    model = networks.keras_mlp(N_FEATURES, 1)
    model.fit(X, labels(X), epochs=2, verbose=0)
    return model


def keras_predictor(**settings):
    """Return ``Model.predict``."""
    return partial(fitted_keras().predict, verbose=0, **settings)


def call_predictor():
    """Return the model's own call, brought back to NumPy."""
    import keras

    model = fitted_keras()
    return lambda X: keras.ops.convert_to_numpy(model(X))


def median_ms(call, X, repeats):
    """Return the median of a call's milliseconds."""
    for _ in range(3):
        call(X)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        call(X)
        seconds.append(time.perf_counter() - start)
    return 1e3 * statistics.median(seconds)


def measure(predictor, options):
    """Measure one system in this process."""
    warnings.simplefilter("ignore")
    call = predictor()
    many = rows(1000 if options.smoke else 100_000)
    few, often = (3, 5) if options.smoke else (10, 200)
    return {
        "one_row_ms": median_ms(call, many[:1], often),
        "many_rows_ms": median_ms(call, many, few),
        "versions": machine.versions(),
    }


SYSTEMS = {
    "skhp": System("skhp predict", partial(measure, skhp_predictor)),
    "keras-call": System("Keras model(x)", partial(measure, call_predictor)),
    "keras-predict": System("Keras predict", partial(measure, keras_predictor)),
    "keras-predict-4096": System(
        "Keras predict, batch_size=4096",
        partial(measure, partial(keras_predictor, batch_size=4096)),
    ),
    "sklearn": System("scikit-learn MLPClassifier predict", partial(measure, sklearn_predictor)),
}
COLUMNS = ["one_row_ms", "many_rows_ms"]


def main():
    """Read the command line and run."""
    options = comparison.command_line(__doc__, SYSTEMS).parse_args()
    comparison.run(__file__, SYSTEMS, options, name="predict", columns=COLUMNS)


if __name__ == "__main__":
    main()
