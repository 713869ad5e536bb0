"""A first and a second fit of networks of many kinds.

What is measured
    CPU and wall seconds of two fits, each architecture and each side in a fresh process;
    imports are not counted.  Adam, batches of 32.

    - skhp: two estimators with the same builder and other random states.  Nothing compiled is
      on disk when the process starts.  A *later process* finds the programs of the first.
    - Keras: ``model.fit``, twice with the same model: the second fit builds and traces
      nothing.  As Keras compiles by default, and with ``jit_compile=True``.
    - scikeras: two estimators with the same builder.

    *Second* is skhp's second fit divided by the fastest second fit of the others; *first* is
    skhp's first fit divided by that of scikeras; both in CPU seconds.  Below 1, skhp is
    faster.  In brackets stands what trained: a program that XLA compiled, or a graph.

How to run
    python architectures.py                    # about 10 minutes
    python architectures.py --only "LSTM, 20 x 4"
    python architectures.py --rounds 3         # medians of three rounds
    python architectures.py --smoke            # a few rows; keeps nothing
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass

import comparison
import fresh_process
import machine

CLASSES = 10


@dataclass(frozen=True)
class Architecture:
    """A network, and how much it trains on.

    Attributes
    ----------
    shape : tuple of int
        Of a row.
    build : callable
        Makes the model; imports Keras itself.
    rows, epochs : int
        Images get few, because XLA takes long for them.
    tokens : int
        Rows hold integers below this; 0 for normal numbers.
    loss : str
    """

    shape: tuple
    build: object
    rows: int = 1024
    epochs: int = 5
    tokens: int = 0
    loss: str = "sparse_categorical_crossentropy"


def stack(shape, hidden, dtype="float32"):
    """Return a builder of a Sequential model with a softmax."""

    def build():
        import keras

        last = keras.layers.Dense(CLASSES, activation="softmax")
        inputs = keras.Input(shape, dtype=dtype)
        return keras.Sequential([inputs, *hidden(keras.layers), last])

    return build


def convolutions(L):
    """Return the layers of the usual small network for images."""
    return [
        L.Conv2D(32, 3, activation="relu"),
        L.MaxPooling2D(),
        L.Conv2D(64, 3, activation="relu"),
        L.Flatten(),
        L.Dense(64, activation="relu"),
    ]


def separable_convolutions(L):
    """Return two separable convolutions."""
    return [
        L.SeparableConv2D(32, 3, activation="relu"),
        L.MaxPooling2D(),
        L.SeparableConv2D(64, 3, activation="relu"),
        L.GlobalAveragePooling2D(),
    ]


def convolutions_of_series(L):
    """Return two 1-D convolutions."""
    return [
        L.Conv1D(32, 5, activation="relu"),
        L.MaxPooling1D(),
        L.Conv1D(64, 5, activation="relu"),
        L.GlobalAveragePooling1D(),
    ]


def transformer():
    """Return one block of attention and a dense network, with residuals and norms."""
    import keras
    from keras import layers as L

    inputs = keras.Input((16, 32))
    attended = L.MultiHeadAttention(num_heads=4, key_dim=8)(inputs, inputs)
    x = L.LayerNormalization()(L.Add()([inputs, attended]))
    hidden = L.Dense(32)(L.Dense(64, activation="relu")(x))
    x = L.LayerNormalization()(L.Add()([x, hidden]))
    outputs = L.Dense(CLASSES, activation="softmax")(L.GlobalAveragePooling1D()(x))
    return keras.Model(inputs, outputs)


def autoencoder():
    """Return a network that gives its input back through 32 units."""
    import keras
    from keras import layers as L

    units = [(64, "relu"), (32, "relu"), (64, "relu"), (256, None)]
    return keras.Sequential([keras.Input((256,)), *[L.Dense(n, activation=a) for n, a in units]])


def two_inputs():
    """Return a network whose inputs are the first 20 and the other 8 columns."""
    import keras
    from keras import layers as L

    inputs = [keras.Input((20,)), keras.Input((8,))]
    hidden = [L.Dense(32, activation="relu")(x) for x in inputs]
    x = L.Dense(32, activation="relu")(L.Concatenate()(hidden))
    return keras.Model(inputs, L.Dense(CLASSES, activation="softmax")(x))


def split_columns(X):
    """Return the arrays for the two inputs."""
    return [X[:, :20], X[:, 20:]]


def image(*shape, rows=512, epochs=2, hidden=convolutions):
    """Return an architecture for images."""
    return Architecture(shape, stack(shape, hidden), rows=rows, epochs=epochs)


ARCHITECTURES = {
    "MLP, 2 x 64": Architecture(
        (20,), stack((20,), lambda L: [L.Dense(64, activation="relu") for _ in range(2)])
    ),
    "MLP, 2 x 64, 15 epochs": Architecture(
        (20,), stack((20,), lambda L: [L.Dense(64, activation="relu") for _ in range(2)]), epochs=15
    ),
    "MLP with dropout": Architecture(
        (20,), stack((20,), lambda L: [L.Dense(64, activation="relu"), L.Dropout(0.3)])
    ),
    "CNN, 8 x 8 x 1": image(8, 8, 1, rows=1024, epochs=5),
    "CNN, 28 x 28 x 1": image(28, 28, 1),
    "CNN, 32 x 32 x 3": image(32, 32, 3),
    "separable convolutions, 28 x 28 x 1": image(28, 28, 1, hidden=separable_convolutions),
    "1-D convolutions, 100 x 4": Architecture((100, 4), stack((100, 4), convolutions_of_series)),
    "LSTM, 20 x 4": Architecture((20, 4), stack((20, 4), lambda L: [L.LSTM(32)])),
    "LSTM, 20 x 4, 15 epochs": Architecture(
        (20, 4), stack((20, 4), lambda L: [L.LSTM(32)]), epochs=15
    ),
    "LSTM, 100 x 16": Architecture((100, 16), stack((100, 16), lambda L: [L.LSTM(32)])),
    "GRU, 20 x 4": Architecture((20, 4), stack((20, 4), lambda L: [L.GRU(32)])),
    "embedding and pooling": Architecture(
        (20,),
        stack((20,), lambda L: [L.Embedding(1000, 16), L.GlobalAveragePooling1D()], "int32"),
        tokens=1000,
    ),
    "transformer block, 16 x 32": Architecture((16, 32), transformer),
    "autoencoder, 256 - 32 - 256": Architecture((256,), autoencoder, loss="mse"),
    "two inputs": Architecture((28,), two_inputs),
}


@dataclass(frozen=True)
class Child:
    """The part of a `comparison.System` that `fresh_process` reads."""

    env: dict


def data(architecture, smoke):
    """Return rows and targets."""
    import numpy as np

    random = np.random.default_rng(0)
    n = 64 if smoke else architecture.rows
    if architecture.tokens:
        X = random.integers(0, architecture.tokens, (n, *architecture.shape)).astype("int32")
    else:
        X = random.standard_normal((n, *architecture.shape), dtype=np.float32)
    is_autoencoder = architecture.loss == "mse"
    return X, X if is_autoencoder else random.integers(0, CLASSES, n)


def timed(function):
    """Return CPU and wall seconds of a call, and what it returns."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = function()
    return (time.process_time() - cpu, time.perf_counter() - wall), result


def wrapper(library, architecture, epochs):
    """Return a function that makes an estimator of skhp or scikeras, given a random state."""
    from sklearn.preprocessing import FunctionTransformer

    kind = "KerasRegressor" if architecture.loss == "mse" else "KerasClassifier"
    base = getattr(library, kind)
    settings = {
        "loss": architecture.loss,
        "optimizer": "adam",
        "batch_size": 32,
        "epochs": epochs,
        "verbose": 0,
    }

    class TwoInputs(base):
        @property
        def feature_encoder(self):
            return FunctionTransformer(split_columns)

    cls = TwoInputs if architecture.build is two_inputs else base
    return lambda random_state: cls(architecture.build, random_state=random_state, **settings)


def fit_with_skhp(architecture, X, y, epochs):
    """Return the times of two fits, and what trained."""
    import skhp

    make = wrapper(skhp, architecture, epochs)
    first, _ = timed(lambda: make(0).fit(X, y))
    second, net = timed(lambda: make(1).fit(X, y))
    return first, second, net.engine_


def fit_with_scikeras(architecture, X, y, epochs):
    """Return the times of two fits; unseeded, since a seed would slow it down."""
    import scikeras.wrappers

    make = wrapper(scikeras.wrappers, architecture, epochs)
    first, _ = timed(lambda: make(None).fit(X, y))
    second, _ = timed(lambda: make(None).fit(X, y))
    return first, second, "keras"


def fit_with_keras(architecture, X, y, epochs, jit_compile="auto"):
    """Return the times of two fits of the same model."""
    if architecture.build is two_inputs:
        X = split_columns(X)

    def fit(model):
        return model.fit(X, y, batch_size=32, epochs=epochs, verbose=0)

    def build_and_fit():
        model = architecture.build()
        model.compile("adam", architecture.loss, jit_compile=jit_compile)
        fit(model)
        return model

    first, model = timed(build_and_fit)
    second, _ = timed(lambda: fit(model))
    return first, second, "keras"


def fit_with_keras_jit(architecture, X, y, epochs):
    """Return the times of two fits of the same model, compiled by XLA."""
    return fit_with_keras(architecture, X, y, epochs, jit_compile=True)


SIDES = {
    "skhp": fit_with_skhp,
    "skhp_later": fit_with_skhp,
    "keras": fit_with_keras,
    "keras_jit": fit_with_keras_jit,
    "scikeras": fit_with_scikeras,
}

# What is printed, and shown on the page.
COLUMNS = {
    "second_ratio": "second",
    "skhp_second_cpu_s": "skhp, second fit, CPU s",
    "best_second_cpu_s": "fastest other, CPU s",
    "skhp_second_wall_s": "skhp, second fit, s",
    "best_second_wall_s": "fastest other, s",
    "first_ratio": "first",
    "skhp_first_cpu_s": "skhp, first fit, CPU s",
    "skhp_later_first_cpu_s": "skhp, first fit in a later process, CPU s",
    "scikeras_first_cpu_s": "scikeras, first fit, CPU s",
}


def child(options):
    """Measure one side of one architecture."""
    warnings.simplefilter("ignore")
    import keras  # imports are not counted

    name, side = options.child.split("/")
    architecture = ARCHITECTURES[name]
    X, y = data(architecture, options.smoke)
    if side.startswith("skhp"):
        import skhp  # noqa: F401
    if side == "scikeras":
        import scikeras.wrappers  # noqa: F401
    epochs = 1 if options.smoke else architecture.epochs
    keras.utils.set_random_seed(0)
    first, second, engine = SIDES[side](architecture, X, y, epochs)
    return {
        f"{side}_first_cpu_s": first[0],
        f"{side}_first_wall_s": first[1],
        f"{side}_second_cpu_s": second[0],
        f"{side}_second_wall_s": second[1],
        f"{side}_engine": engine,
        "versions": machine.versions(),
    }


def round_of(name, options, backwards):
    """Measure all sides of one architecture in turn."""
    record = {"load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None}
    versions = {}
    with tempfile.TemporaryDirectory() as programs:
        for side in in_turn(backwards):
            env = {"SKHP_COMPILE_CACHE": programs}
            measured = fresh_process.measure(
                __file__, sys.argv[1:], Child(env), name=f"{name}/{side}"
            )
            versions |= measured.pop("versions", {})
            record |= {k: v for k, v in measured.items() if k.startswith(f"{side}_")}
            record |= {f"{side}_{k}": v for k, v in measured.items() if k in FAILURES}
    return {**record, **compared(record), "versions": versions}


FAILURES = ("failed", "skipped")


def in_turn(backwards):
    """Return the sides in their order of this round; skhp_later always follows skhp."""
    others = [side for side in SIDES if not side.startswith("skhp")]
    own = ["skhp", "skhp_later"]
    return [*others, *own] if backwards else [*own, *others]


def compared(record):
    """Return skhp's times, and the fastest times of the others."""
    others = [side for side in SIDES if not side.startswith("skhp")]
    found = {}
    for unit in ("cpu_s", "wall_s"):
        seconds = [record.get(f"{side}_second_{unit}") for side in others]
        found[f"best_second_{unit}"] = min((s for s in seconds if s is not None), default=None)
    pairs = {
        "second_ratio": ("skhp_second_cpu_s", found["best_second_cpu_s"]),
        "first_ratio": ("skhp_first_cpu_s", record.get("scikeras_first_cpu_s")),
    }
    for column, (own, other) in pairs.items():
        if other and record.get(own):
            found[column] = record[own] / other
    return found


def labelled(name, runs):
    """Return an architecture's name with what trained it."""
    engines = {run.get("skhp_engine") for run in runs} - {None}
    return f"{name} ({', '.join(sorted(engines))})"


def show(results):
    """Print the machine, the versions, and a table of medians."""
    facts = results["machine"]
    print(f"\n{facts['cores']} cores, {facts['processor']}, Python {facts['python']}")
    print(", ".join(f"{name} {v}" for name, v in comparison.versions(results).items()))
    print(" ".join([f"{'medians':46}", *(f"{c.removesuffix('_s'):>18}" for c in COLUMNS)]))
    for name, entry in results["systems"].items():
        values = [comparison.median(results, name, column) for column in COLUMNS]
        cells = ["" if value is None else f"{value:.3g}" for value in values]
        print(" ".join([f"{entry['label']:46}", *(f"{cell:>18}" for cell in cells)]))
    ratios = [comparison.median(results, name, "second_ratio") for name in results["systems"]]
    known = [ratio for ratio in ratios if ratio is not None]
    print(f"second fit: at most {max(known):.3g}, median {statistics.median(known):.3g} times")


def parsed():
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=ARCHITECTURES, default=list(ARCHITECTURES))
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="tiny run, nothing kept")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    """Measure everything in turn, keep the runs, and print a table."""
    options = parsed()
    if options.child:
        fresh_process.answer(child, options)
        return
    results = {
        "benchmark": "architectures",
        "caption": "Medians; in brackets, what trained with skhp",
        "settings": {"batch_size": 32, "rounds": options.rounds},
        "machine": machine.describe(),
        "systems": {name: {"label": name, "runs": []} for name in options.only},
    }
    for number in range(options.rounds):
        for name in options.only:
            entry = results["systems"][name]
            entry["runs"].append(round_of(name, options, backwards=number % 2 == 1))
            entry["label"] = labelled(name, entry["runs"])
            print(f"{name}: {comparison.brief(entry['runs'][-1], COLUMNS)}", flush=True)
            if not options.smoke and options.only == list(ARCHITECTURES):
                file = comparison.RESULTS / "architectures.json"
                file.write_text(json.dumps(results, indent=1) + "\n")
    show(results)


if __name__ == "__main__":
    main()
