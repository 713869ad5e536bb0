"""A grid search over a small table: 24 candidates, 5 folds, 120 fits.

What is measured
    Breast cancer (569 x 30), scaled in a pipeline; 1 to 3 hidden layers x width 16 or
    64 x relu or tanh x learning rate 1e-3 or 1e-2; 5 stratified folds, the same for
    every system; 30 epochs of Adam at batch size 32.  ``refit=False``, so a search is
    120 fits and nothing else.  Seconds of the imports, of the first search in the
    process (with tracing and compiling) and of the second, the scores, and the peak
    memory of the process and of joblib's workers.  "Programs on disk" is a process that
    loads the programs of an earlier process.  All other processes start without programs
    on disk.  The last table measures some systems again, in more runs.  Forked workers
    ("multiprocessing") end with their search, so their memory is not known.

What differs
    keras-tuner has no cross-validation: it does 24 fits, on the first fold.
    ``keras.wrappers.SKLearnClassifier`` loses its ``fit_kwargs`` in ``clone`` and would
    train one epoch a fit.  So the epochs are passed to ``GridSearchCV.fit`` here, and it
    does the same work as the others.  Systems that take minutes run one search only,
    unless ``--warm all`` or ``--slow-repeats`` is given.

How to run
    python tabular_grid.py --n-jobs 1
    python tabular_grid.py --n-jobs 2 --backend threading --systems skhp sklearn
    python tabular_grid.py --n-jobs 2 --backend multiprocessing \\
        --systems skhp-later skhp-wrapper-later sklearn
    python tabular_grid.py --systems skhp skhp-later sklearn --output results/tabular_grid_disk.json
    python tabular_grid.py --torch-python OTHER/bin/python   # skorch is installed there
    python tabular_grid.py --systems skhp sklearn scikeras skhp-wrapper skhp-one-thread \\
        --warm all --output results/tabular_grid_twice.json
    python tabular_grid.py --smoke                           # seconds; keeps nothing
"""

import os
import subprocess
import sys
import tempfile
from functools import partial

import comparison
import search_timing
from comparison import System

GRID = {
    "activation": ["relu", "tanh"],
    "learning_rate": [1e-3, 1e-2],
    "n_layers": [1, 2, 3],
    "width": [16, 64],
}
SEARCH = ("sklearn.model_selection", "sklearn.pipeline", "sklearn.preprocessing")


def candidates(options):
    """Return the grid's candidates, in the order in which all systems try them."""
    from sklearn.model_selection import ParameterGrid

    every = list(ParameterGrid(GRID))
    return every[:2] if options.smoke else every


def epochs(options):
    """Return how long each fit trains."""
    return 2 if options.smoke else 30


def data():
    """Return the table as float32, and its labels."""
    import numpy as np
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    return X.astype(np.float32), y.astype(np.int64)


def folds(options):
    """Return the splitter that all systems share."""
    from sklearn.model_selection import StratifiedKFold

    return StratifiedKFold(2 if options.smoke else 5, shuffle=True, random_state=0)


def grid_search(classifier, translate, options, **fit_parameters):
    """Return a function that runs scikit-learn's search over a classifier.

    Parameters
    ----------
    classifier : estimator
        The last step of the pipeline.
    translate : callable
        Turns a candidate into the classifier's own parameters.
    options : argparse.Namespace
        The command line.
    **fit_parameters
        What ``fit`` of the pipeline gets.
    """
    from joblib import parallel_config
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = data()
    pipeline = Pipeline([("scale", StandardScaler()), ("mlp", classifier)])
    grid = [
        {f"mlp__{key}": [value] for key, value in translate(**candidate).items()}
        for candidate in candidates(options)
    ]

    def search():
        with parallel_config(backend=options.backend, n_jobs=options.n_jobs):
            found = GridSearchCV(
                pipeline, grid, cv=folds(options), refit=False, error_score="raise"
            )
            found.fit(X, y, **fit_parameters)
        return found.cv_results_["mean_test_score"].tolist()

    return search


def prepare_skhp(options):
    """Return the search over ``skhp.MLPClassifier``."""
    from skhp import MLPClassifier

    classifier = MLPClassifier(batch_size=32, epochs=epochs(options))
    return grid_search(classifier, dict, options)


def prepare_scikeras(options):
    """Return the search over scikeras."""
    import networks

    return grid_search(networks.scikeras_classifier(epochs(options)), dict, options)


def prepare_keras_classifier(options):
    """Return the search over ``skhp.KerasClassifier``, with scikeras's own function."""
    import networks

    from skhp import KerasClassifier

    classifier = KerasClassifier(networks.scikeras_mlp, epochs=epochs(options), batch_size=32)
    return grid_search(classifier, dict, options)


def prepare_wrappers(options):
    """Return the search over Keras's wrapper, its epochs given through ``fit``."""
    import networks
    from keras.wrappers import SKLearnClassifier

    training = {"epochs": epochs(options), "batch_size": 32, "verbose": 0}
    return grid_search(
        SKLearnClassifier(networks.wrapped_mlp),
        lambda **candidate: {"model_kwargs": candidate},
        options,
        **{f"mlp__{key}": value for key, value in training.items()},
    )


def prepare_sklearn(options):
    """Return the search over scikit-learn's own network."""
    import networks

    def translate(activation, learning_rate, n_layers, width):
        return {
            "activation": activation,
            "learning_rate_init": learning_rate,
            "hidden_layer_sizes": (width,) * n_layers,
        }

    return grid_search(networks.sklearn_mlp(epochs(options)), translate, options)


def prepare_skorch(options):
    """Return the search over skorch."""
    import torch_networks

    def translate(learning_rate, **shape):
        return {"lr": learning_rate, **{f"module__{k}": v for k, v in shape.items()}}

    classifier = torch_networks.skorch_classifier(30, epochs(options))
    return grid_search(classifier, translate, options)


def prepare_tuner(options):
    """Return keras-tuner's search: the first fold's training rows, no other folds."""
    import keras_tuner
    import networks
    from sklearn.preprocessing import StandardScaler

    X, y = data()
    train, test = next(folds(options).split(X, y))
    scaler = StandardScaler().fit(X[train])
    validation = (scaler.transform(X[test]), y[test])

    def build(hp):
        chosen = {key: hp.Choice(key, values) for key, values in GRID.items()}
        return networks.keras_mlp(30, 1, **chosen, metrics=["accuracy"])

    def search():
        with tempfile.TemporaryDirectory() as folder:
            tuner = keras_tuner.GridSearch(
                build,
                objective="val_accuracy",
                max_trials=len(candidates(options)),
                directory=folder,
            )
            tuner.search(
                scaler.transform(X[train]),
                y[train],
                validation_data=validation,
                epochs=epochs(options),
                batch_size=32,
                verbose=0,
            )
            trials = tuner.oracle.trials.values()
            return [trial.score for trial in trials]

    return search


def measure(modules, prepare, options):
    """Measure one system in this process."""
    slow = SYSTEMS[options.child].slow
    warm = options.warm == "all" or (options.warm == "fast" and not slow)
    return search_timing.time_search(
        (*SEARCH, *modules), partial(prepare, options), warm=warm, options=options
    )


def measure_later(first, prepare, options):
    """Measure a process that finds on disk what an earlier process compiled: system first."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SKHP_COMPILE_CACHE"] = folder
        earlier = [sys.executable, *sys.argv, "--child", first, "--warm", "none"]
        subprocess.run(earlier, check=True, stdout=subprocess.DEVNULL)
        return measure(("tensorflow", "keras", "skhp"), prepare, options)


def measure_tuner(options):
    """Measure keras-tuner, which has no several jobs."""
    if options.n_jobs != 1:
        return {"skipped": "keras-tuner tries one candidate at a time"}
    modules = ("tensorflow", "keras", "keras_tuner")
    return measure(modules, prepare_tuner, options)


# Matrices of this size gain nothing from a second thread, and pay for handing work over.
ONE_THREAD = {"OMP_NUM_THREADS": "1"}

SYSTEMS = {
    "skhp": System("skhp", partial(measure, ("tensorflow", "keras", "skhp"), prepare_skhp)),
    "skhp-later": System("skhp, programs on disk", partial(measure_later, "skhp", prepare_skhp)),
    "skhp-one-thread": System(
        "skhp, OMP_NUM_THREADS=1",
        partial(measure, ("tensorflow", "keras", "skhp"), prepare_skhp),
        env=ONE_THREAD,
    ),
    "skhp-wrapper": System(
        "skhp KerasClassifier",
        partial(measure, ("tensorflow", "keras", "skhp"), prepare_keras_classifier),
    ),
    "skhp-wrapper-later": System(
        "skhp KerasClassifier, programs on disk",
        partial(measure_later, "skhp-wrapper", prepare_keras_classifier),
    ),
    "sklearn": System(
        "scikit-learn MLPClassifier",
        partial(measure, ("sklearn.neural_network",), prepare_sklearn),
    ),
    "sklearn-one-thread": System(
        "scikit-learn MLPClassifier, OMP_NUM_THREADS=1",
        partial(measure, ("sklearn.neural_network",), prepare_sklearn),
        env=ONE_THREAD,
    ),
    "skorch": System(
        "skorch",
        partial(measure, ("torch", "skorch"), prepare_skorch),
        torch=True,
        slow=True,
    ),
    "keras-tuner": System("keras-tuner (24 fits)", measure_tuner, slow=True),
    "keras.wrappers": System(
        "keras.wrappers",
        partial(measure, ("tensorflow", "keras"), prepare_wrappers),
        slow=True,
    ),
    "scikeras": System(
        "scikeras",
        partial(measure, ("tensorflow", "keras", "scikeras.wrappers"), prepare_scikeras),
        slow=True,
    ),
}
COLUMNS = ["import_s", "cold_s", "start_s", "warm_s", "best_score", "peak_mb"]


def main():
    """Read the command line and run."""
    parser = comparison.command_line(__doc__, SYSTEMS)
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument(
        "--backend", choices=["loky", "threading", "multiprocessing"], default="loky"
    )
    parser.add_argument("--warm", choices=["all", "fast", "none"], default="fast")
    options = parser.parse_args()
    jobs = f"_{options.n_jobs}_{options.backend}" if options.n_jobs != 1 else ""
    name = f"tabular_grid{jobs}"
    comparison.run(__file__, SYSTEMS, options, name=name, columns=COLUMNS)


if __name__ == "__main__":
    main()
