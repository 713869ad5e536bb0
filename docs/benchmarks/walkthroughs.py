"""The searches of the gallery's walk-throughs, at the scale of the published tutorials.

What is measured
    Processor seconds, fits and compiled programs of a search, compiling included; the best
    score.  No programs are loaded from disk.  The images are scikit-learn's digits, enlarged to
    the shape of MNIST or CIFAR-10, with noise, as many as the data set has.  So times are those
    of the tutorial, and scores are not.

How to run
    python walkthroughs.py hundred_trials
    python walkthroughs.py layers_by_width --part 1 --parts 4   # one slice of the networks
    python walkthroughs.py six_widths --scale 0.05              # a part of the rows or trials
    python walkthroughs.py page                                 # writes walkthroughs.inc

Results are kept in ``results/walkthroughs``, one file for each name and scale.
"""

import argparse
import json
import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import machine

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results" / "walkthroughs"


@dataclass
class Search:
    """What one walk-through searches: the candidates, in order, and the data."""

    estimator: Any
    candidates: list[dict[str, Any]]
    X: Any
    y: Any
    validation_fraction: float = 0.2


def images(shape, n_rows):
    """Return enlarged digits of a shape, with noise, and their labels."""
    import numpy as np
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    digits = load_digits()
    large = zoom(digits.images / 16, (1, shape[0] / 8, shape[1] / 8), order=1)
    generator = np.random.default_rng(0)
    rows = np.arange(n_rows) % len(large)
    colours = shape[2:] or (1,)
    X = np.repeat(large[rows, ..., None], colours[0], axis=-1).astype("float32")
    X += 0.1 * generator.standard_normal(X.shape, dtype="float32")
    return X.reshape(n_rows, *shape), digits.target[rows]


def layers_by_width(scale):
    """Return 20 networks of 2 to 5 layers and 64 to 1024 units, on 60,000 images."""
    from skhp import MLPClassifier

    network = MLPClassifier(
        optimizer="nadam", batch_norm=True, dropout=0.2, epochs=10, batch_size=128, random_state=0
    )
    candidates = [
        {"n_layers": n_layers, "width": width}
        for n_layers in (2, 3, 4, 5)
        for width in (64, 128, 256, 512, 1024)
    ]
    return Search(network, candidates, *images((28, 28), round(60_000 * scale)))


def hundred_trials(scale):
    """Return 100 draws of learning rate and penalty, 50 epochs on 500 images."""
    from scipy.stats import loguniform
    from sklearn.model_selection import ParameterSampler

    from skhp import MLPClassifier

    network = MLPClassifier(
        n_layers=6, width=100, kernel_initializer="he_normal", optimizer="sgd", epochs=50,
        batch_size=100, random_state=0,
    )  # fmt: skip
    space = {"learning_rate": loguniform(1e-6, 1e-2), "l2": loguniform(1e-8, 1e-4)}
    candidates = list(ParameterSampler(space, max(1, round(100 * scale)), random_state=0))
    return Search(network, candidates, *images((28, 28), 500))


def six_widths(scale):
    """Return six widths from 50 to 1000, four epochs on 50,000 colour images."""
    from sklearn.model_selection import ParameterSampler

    from skhp import MLPClassifier

    network = MLPClassifier(n_layers=1, epochs=4, random_state=0)
    candidates = list(ParameterSampler({"width": range(50, 1001, 50)}, 6, random_state=1))
    return Search(network, candidates, *images((32, 32, 3), round(50_000 * scale)))


def search_candidates(prepare, scale, part, parts):
    """Search every ``parts``-th candidate, on one split."""
    from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit

    one = prepare(scale)
    grid = [
        {name: [value] for name, value in candidate.items()}
        for candidate in one.candidates[part - 1 :: parts]
    ]
    split = StratifiedShuffleSplit(1, test_size=one.validation_fraction, random_state=0)
    search = GridSearchCV(one.estimator, grid, cv=split, refit=False).fit(one.X, one.y)
    return summary([search])


def rounds(scale, part, parts):
    """Search 1,800 of about 180,000 combinations in three rounds, on three folds."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from skhp import MLPClassifier
    from skhp.search import narrow

    if parts > 1:
        raise SystemExit("each round needs the round before it: use --scale instead of --parts")
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), MLPClassifier(random_state=0))
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    space, searches = breast_cancer_space(), []
    for i in range(3):
        n_iter = max(10, round(600 * scale))
        searches.append(
            RandomizedSearchCV(model, space, n_iter=n_iter, cv=folds, random_state=i, refit=False)
        )
        space = narrow(searches[-1].fit(X, y), keep=0.1)
    return summary(searches)


def breast_cancer_space():
    """Return twelve parameters with 181,440 combinations."""
    from skhp.search import learning_rate_grid

    step = "mlpclassifier__"
    grid = {
        "n_layers": [1, 2],
        "width": [8, 16, 32, 64],
        "activation": ["relu", "tanh", "sigmoid"],
        "dropout": [0.0, 0.1, 0.2, 0.3, 0.4],
        "l2": [0.0, 1e-4, 1e-3],
        "batch_size": [32, 64],
        "epochs": [20, 40, 80],
        "kernel_initializer": ["glorot_uniform", "he_normal", "random_normal"],
        "loss": ["auto", "mean_squared_error"],
        "shuffle": [True],
    }
    named = {f"{step}{name}": values for name, values in grid.items()}
    factors = [0.1, 0.2, 0.5, 1, 2, 5, 10]
    return learning_rate_grid(["adam", "nadam"], factors, named, prefix=step)


def summary(searches):
    """Return what a table says about some searches."""
    from skhp.engine import compile_count

    counts = [len(search.cv_results_["params"]) * search.n_splits_ for search in searches]
    best = [float(search.cv_results_["mean_test_score"].max()) for search in searches]
    return {"fits": sum(counts), "programs": compile_count(), "best_scores": best}


# Name: the title of its row, and what runs it.
WALKTHROUGHS = {
    "layers_by_width": (
        "2 to 5 layers of 64 to 1024 units, batch normalization, dropout, 10 epochs, 60,000 images",
        partial(search_candidates, layers_by_width),
    ),
    "hundred_trials": (
        "100 learning rates and penalties, 50 epochs, 500 images",
        partial(search_candidates, hundred_trials),
    ),
    "six_widths": (
        "Six widths from 50 to 1000, 4 epochs, 50,000 images of 32 × 32 × 3",
        partial(search_candidates, six_widths),
    ),
    "rounds": ("1,800 of 180,000 combinations in three rounds, three folds", rounds),
}


def measure(options):
    """Run one walk-through, or a part of it, and keep its result."""
    os.environ["SKHP_COMPILE_CACHE"] = "off"
    from skhp import runtime

    runtime.start()  # imports TensorFlow, which is not timed
    _, run = WALKTHROUGHS[options.name]
    start = time.process_time()
    result = run(options.scale, options.part, options.parts)
    result["cpu_s"] = round(time.process_time() - start, 1)
    print(json.dumps(result))
    path = RESULTS / f"{options.name}_{options.scale:g}.json"
    kept = json.loads(path.read_text()) if path.exists() else {"parts": {}}
    if kept.get("n_parts") != options.parts:
        kept["parts"] = {}
    kept |= {"name": options.name, "scale": options.scale, "n_parts": options.parts}
    kept |= {"machine": machine.describe(), "versions": machine.versions()}
    kept["parts"][str(options.part)] = result
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=2) + "\n")


def page():
    """Write the table of all results that are complete."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    heads = ("Search", "Scale", "Fits", "Programs", "Processor seconds")
    lines += row(heads)
    machines = set()
    for name, (title, _) in WALKTHROUGHS.items():
        for path in sorted(RESULTS.glob(f"{name}_*.json")):
            kept = json.loads(path.read_text())
            if len(kept["parts"]) == kept["n_parts"]:
                lines += row(cells(title, kept))
                machines.add(described(kept))
    text = "\n".join([*lines, "", *sorted(machines), ""])
    (FOLDER / "walkthroughs.inc").write_text(text)


def cells(title, kept):
    """Return the row of one result: its parts added up."""
    parts = list(kept["parts"].values())
    fits, programs, seconds = (
        sum(part[key] for part in parts) for key in ("fits", "programs", "cpu_s")
    )
    return title, f"{kept['scale']:g}", fits, programs, f"{seconds:.0f}"


def row(values):
    """Return one row of a list-table."""
    return [f"   {'* -' if i == 0 else '  -'} {value}" for i, value in enumerate(values)]


def described(kept):
    """Say where a result was measured."""
    place, versions = kept["machine"], kept["versions"]
    found = ", ".join(f"{name} {versions[name]}" for name in ("skhp", "keras", "tensorflow"))
    return f"{place['cores']} cores of {place['processor']}, Python {place['python']}, {found}."


def main():
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=[*WALKTHROUGHS, "page"])
    parser.add_argument("--scale", type=float, default=1.0, help="the part of the rows or trials")
    parser.add_argument("--part", type=int, default=1)
    parser.add_argument("--parts", type=int, default=1)
    options = parser.parse_args()
    if options.name == "page":
        page()
    else:
        measure(options)


if __name__ == "__main__":
    main()
