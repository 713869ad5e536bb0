"""Memory that training on a large X takes beyond X, and the processor time.

What is measured
    A network of one hidden layer of 64 units, 2 epochs, batches of 200, then a prediction
    for all rows; X has 250 columns of random numbers.  Before that the process trains on
    300 rows, so that imports and compiled code count as little as possible.  Peak memory
    of each step beyond what the process held before it, what it still holds after the
    fit, and processor seconds.  X is an array of float32, one of float64, a data frame of
    float64 columns, a memory map of a file, and a CSR matrix of 100,000 rows and 20,000
    columns with 20 numbers a row.  Pages of a mapped file count as memory, X itself does
    not otherwise.

How to run
    python large_data.py            # Linux only: resets the peak in /proc
    python large_data.py --megabytes 1000 --repeats 1
    python large_data.py --systems skhp-mapped --megabytes 10000 --output mapped.json
    python large_data.py --smoke    # 80 MB; keeps nothing
"""

import gc
import os
import tempfile
import warnings
from functools import partial
from pathlib import Path

import comparison
import machine
from comparison import System

EPOCHS, BATCH, N_FEATURES = 2, 200, 250


def array(megabytes, dtype="float32"):
    """Return random rows."""
    import numpy as np

    n_rows = megabytes * 10**6 // (N_FEATURES * np.dtype(dtype).itemsize)
    return np.random.default_rng(0).random((n_rows, N_FEATURES), dtype=dtype)


def frame(megabytes):
    """Return a data frame of float64, whose columns are stored one after the other."""
    import numpy as np
    import pandas as pd

    return pd.DataFrame(np.asfortranarray(array(megabytes, "float64")))


def mapped_file(megabytes):
    """Return rows of a file of zeros, which takes no room on the disk."""
    import numpy as np

    shape = (megabytes * 10**6 // (N_FEATURES * 4), N_FEATURES)
    path = Path(tempfile.mkdtemp()) / "rows"
    with path.open("wb") as file:
        file.truncate(4 * shape[0] * shape[1])
    rows = np.memmap(path, "float32", "r", shape=shape)
    path.unlink()
    return rows


def sparse_rows(megabytes):
    """Return a CSR matrix; its size does not depend on the option."""
    import numpy as np
    from scipy import sparse

    shape, a_row = (100_000, 20_000), 20
    random = np.random.default_rng(0)
    columns = np.sort(random.integers(0, shape[1], (shape[0], a_row), "int32")).ravel()
    ends = np.arange(0, len(columns) + 1, a_row, "int32")
    return sparse.csr_array((random.random(len(columns), "float32"), columns, ends), shape)


def skhp_network(n_features):
    """Return ``fit`` and ``predict`` of ``skhp.MLPClassifier``."""
    from skhp import MLPClassifier

    net = MLPClassifier(1, 64, batch_size=BATCH, epochs=EPOCHS, random_state=0)
    return net.fit, net.predict


def sklearn_network(n_features):
    """Return ``fit`` and ``predict`` of scikit-learn's own network."""
    import networks

    net = networks.sklearn_mlp(EPOCHS, hidden_layer_sizes=(64,), batch_size=BATCH)
    return net.fit, net.predict


def keras_network(n_features):
    """Return ``fit`` and ``predict`` of a Keras model; it predicts in batches of 4096."""
    import keras

    layers = [keras.layers.Dense(64, "relu"), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential([keras.Input((n_features,)), *layers])
    model.compile("adam", "binary_crossentropy")
    fit = partial(model.fit, epochs=EPOCHS, batch_size=BATCH, verbose=0)
    return fit, partial(model.predict, batch_size=4096, verbose=0)


def status_mb(name):
    """Return a number of /proc/self/status, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e6


def cost(call):
    """Return peak memory beyond what is held now, what is held after, and processor s."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    held, before = status_mb("VmRSS:"), os.times()
    call()
    after = os.times()
    peak = status_mb("VmHWM:")
    gc.collect()
    seconds = after.user + after.system - before.user - before.system
    return peak - held, status_mb("VmRSS:") - held, seconds


def measure(make_network, make_rows, options):
    """Measure one system in this process."""
    import numpy as np

    warnings.simplefilter("ignore")
    X = make_rows(80 if options.smoke else options.megabytes)
    y = np.arange(X.shape[0]) % 2
    fit, predict = make_network(X.shape[1])
    few = X[:300].toarray() if hasattr(X, "toarray") else X[:300]
    fit(np.ascontiguousarray(few), y[:300])
    predict(np.ascontiguousarray(few))
    fit_mb, kept_mb, fit_s = cost(lambda: fit(X, y))
    predict_mb, _, predict_s = cost(lambda: predict(X))
    return {
        "fit_mb": fit_mb,
        "kept_mb": kept_mb,
        "fit_s": fit_s,
        "predict_mb": predict_mb,
        "predict_s": predict_s,
        "versions": machine.versions(),
    }


SYSTEMS = {
    "skhp": System("skhp, float32 array", partial(measure, skhp_network, array)),
    "skhp-float64": System(
        "skhp, float64 array", partial(measure, skhp_network, partial(array, dtype="float64"))
    ),
    "skhp-frame": System("skhp, data frame of float64", partial(measure, skhp_network, frame)),
    "skhp-mapped": System("skhp, memory map", partial(measure, skhp_network, mapped_file)),
    "skhp-sparse": System("skhp, CSR matrix", partial(measure, skhp_network, sparse_rows)),
    "keras": System("Keras fit, float32 array", partial(measure, keras_network, array)),
    "sklearn": System(
        "scikit-learn MLPClassifier, float32 array", partial(measure, sklearn_network, array)
    ),
    "sklearn-sparse": System(
        "scikit-learn MLPClassifier, CSR matrix", partial(measure, sklearn_network, sparse_rows)
    ),
}
COLUMNS = ["fit_mb", "kept_mb", "fit_s", "predict_mb", "predict_s"]


def main():
    """Read the command line and run."""
    parser = comparison.command_line(__doc__, SYSTEMS)
    parser.set_defaults(repeats=1)
    parser.add_argument("--megabytes", type=int, default=500)
    options = parser.parse_args()
    comparison.run(__file__, SYSTEMS, options, name="large_data", columns=COLUMNS)


if __name__ == "__main__":
    main()
