"""What it costs to check a program against Keras before it trains.

What is measured
    CPU seconds of a first fit in a fresh process (imports not counted), and of a second
    fit, with the check and without it, in turns.  300 rows, 10 epochs, Adam.  For a network
    of Keras's own layers the second fit checks nothing; one with a function of the user's is
    checked in each fit.

How to run
    python check.py              # 5 rounds
    python check.py --rounds 1
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

NETWORKS = {
    "dense, 2 x 64": ((20,), lambda L: [L.Dense(64, "relu"), L.Dense(64, "relu")]),
    "batch normalization and dropout": (
        (20,),
        lambda L: [L.Dense(64), L.BatchNormalization(), L.ReLU(), L.Dropout(0.2)],
    ),
    "convolution, 8 x 8": (
        (8, 8, 1),
        lambda L: [L.Conv2D(16, 3, activation="relu"), L.MaxPooling2D(), L.Flatten()],
    ),
    "LSTM, 10 x 4": ((10, 4), lambda L: [L.LSTM(16)]),
    "a function of the user's": ((20,), lambda L: [L.Dense(64, activation=twice_tanh)]),
}


def twice_tanh(x):
    """Return an activation that is not Keras's."""
    from keras import ops

    return 2 * ops.tanh(x)


def measure(name, checked):
    """Return the CPU seconds of two fits in this process."""
    import keras
    import numpy as np

    from skhp import KerasClassifier
    from skhp.engine import program_run

    if not checked:
        program_run.needs_check = lambda plan, is_checked: False
    shape, layers = NETWORKS[name]
    random = np.random.default_rng(0)
    X = random.normal(size=(300, *shape)).astype("float32")
    y = random.integers(0, 3, 300)

    def build():
        last = keras.layers.Dense(3, activation="softmax")
        return keras.Sequential([keras.Input(shape), *layers(keras.layers), last])

    seconds = []
    for seed in range(2):
        net = KerasClassifier(
            build,
            loss="sparse_categorical_crossentropy",
            optimizer="adam",
            epochs=10,
            random_state=seed,
        )
        start = time.process_time()
        net.fit(X, y)
        seconds.append(time.process_time() - start)
        assert net.engine_ != "keras", net.engine_reason_
    return seconds


def in_fresh_process(name, checked):
    """Return what `measure` returns in a process of its own."""
    command = [sys.executable, __file__, "--network", name, "--checked", str(int(checked))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--network", choices=NETWORKS, help="for one measurement alone")
    parser.add_argument("--checked", type=int, default=1)
    options = parser.parse_args()
    if options.network:
        print(json.dumps(measure(options.network, options.checked)))
        return
    print(f"{'CPU seconds':34}{'first fit':>18}{'second fit':>18}{'first, ratio':>14}")
    for name in NETWORKS:
        rounds = [
            (in_fresh_process(name, True), in_fresh_process(name, False))
            for _ in range(options.rounds)
        ]
        first, second = (
            [statistics.median(run[side][fit] for run in rounds) for side in (0, 1)]
            for fit in (0, 1)
        )
        ratio = statistics.median(checked[0] / plain[0] for checked, plain in rounds)
        print(
            f"{name:34}{first[0]:8.2f} ({first[1]:6.2f}){second[0]:9.3f} ({second[1]:6.3f})"
            f"{ratio:14.2f}"
        )
    print("With the check (without it); medians.")


if __name__ == "__main__":
    main()
