"""A scan of many settings that are not numbers, as users of Talos do it.

What is measured
    Breast cancer (569 x 30), scaled; random candidates of 0 to 2 hidden layers x width 4
    to 32 x batch size 2 to 4 x Adam, Nadam or RMSprop x two losses x relu or elu x three
    dropout rates x two initializers x 50 to 150 epochs; one split, which holds out 30 %.
    Seconds of the imports, of the first search in the process (``cold``: compiling
    included) and of the second, and how many programs were compiled.

How to run
    python talos_scan.py                                    # 120 candidates
    python talos_scan.py --candidates 1800 --n-jobs 2       # in two threads
    python talos_scan.py --smoke                            # seconds; keeps nothing
"""

from functools import partial

import comparison
import search_timing
from comparison import System

SPACE = {
    "n_layers": [0, 1, 2],
    "width": [4, 8, 16, 32],
    "batch_size": [2, 3, 4],
    "optimizer": ["adam", "nadam", "rmsprop"],
    "loss": ["binary_crossentropy", "log_cosh"],
    "activation": ["relu", "elu"],
    "dropout": [0.0, 0.25, 0.5],
    "kernel_initializer": ["glorot_uniform", "glorot_normal"],
    "learning_rate": [1e-3, 3e-3, 1e-2],
    "epochs": [50, 100, 150],
}


def prepare_skhp(options):
    """Return a function that runs the scan."""
    from joblib import parallel_config
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import RandomizedSearchCV, ShuffleSplit
    from sklearn.preprocessing import scale

    from skhp import MLPClassifier

    X, y = load_breast_cancer(return_X_y=True)
    space = {**SPACE, "epochs": [2]} if options.smoke else SPACE
    search = RandomizedSearchCV(
        MLPClassifier(random_state=0),
        space,
        n_iter=3 if options.smoke else options.candidates,
        cv=ShuffleSplit(1, test_size=0.3, random_state=0),
        random_state=0,
        refit=False,
        error_score="raise",
    )

    def scan():
        with parallel_config(backend="threading", n_jobs=options.n_jobs):
            return search.fit(scale(X), y).cv_results_["mean_test_score"].tolist()

    return scan


def measure(options):
    """Measure the scan in this process."""
    modules = ("sklearn.model_selection", "tensorflow", "keras", "skhp")
    warm = options.warm == "yes"
    return search_timing.time_search(
        modules, partial(prepare_skhp, options), warm=warm, options=options
    )


SYSTEMS = {"skhp": System("skhp", measure)}
COLUMNS = ["import_s", "cold_s", "start_s", "warm_s", "programs", "best_score", "peak_mb"]


def main():
    """Read the command line and run."""
    parser = comparison.command_line(__doc__, SYSTEMS)
    parser.add_argument("--candidates", type=int, default=120)
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--warm", choices=["yes", "no"], default="yes")
    options = parser.parse_args()
    options.backend = "threading"
    jobs = f"_{options.n_jobs}_threading" if options.n_jobs != 1 else ""
    comparison.run(
        __file__, SYSTEMS, options, name=f"talos_scan_{options.candidates}{jobs}", columns=COLUMNS
    )


if __name__ == "__main__":
    main()
