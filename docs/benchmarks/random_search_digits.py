"""A random search over numbers only: 20 pairs of learning rate and penalty, 60 fits.

What is measured
    Digits (1797 x 64), 6 hidden layers of 100, plain SGD, 50 epochs, batch size 32, 3
    stratified folds; 20 pairs of learning rate and l2, both log-uniform.  Every
    candidate has the same structure, so skhp compiles for it once.  Seconds of the
    imports, of the first search and of the second.

What is the same
    Both systems try the same 20 candidates.  Keras adds ``l2 * |w|^2`` to the mean loss
    of a batch and scikit-learn ``alpha / 2 * |w|^2 / batch``: the same penalty is
    ``alpha = 2 * batch * l2``, so the range of ``alpha`` is the range of ``l2`` times
    64.

How to run
    python random_search_digits.py
    python random_search_digits.py --smoke   # 2 candidates; keeps nothing
"""

from functools import partial

import comparison
import search_timing
from comparison import System

BATCH_SIZE = 32
LEARNING_RATES = (1e-3, 0.3)
PENALTIES = (1e-7, 1e-3)


def epochs(options):
    """Return how long each fit trains."""
    return 2 if options.smoke else 50


def data():
    """Return the digits between 0 and 1, as float32, and what they show."""
    import numpy as np
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


def random_search(classifier, learning_rate, penalty, options, *, penalty_scale=1):
    """Return a function that runs the search.

    Parameters
    ----------
    classifier : estimator
        What is searched over.
    learning_rate, penalty : str
        What the classifier calls these two parameters.  scikit-learn draws parameters
        in the order of their names: the penalty has to come first in both systems.
    options : argparse.Namespace
        The command line.
    penalty_scale : float
        The classifier's penalty over Keras's.
    """
    from joblib import parallel_config
    from scipy.stats import loguniform
    from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold

    X, y = data()
    space = {
        penalty: loguniform(*(penalty_scale * limit for limit in PENALTIES)),
        learning_rate: loguniform(*LEARNING_RATES),
    }
    settings = {
        "n_iter": 2 if options.smoke else 20,
        "cv": StratifiedKFold(3, shuffle=True, random_state=0),
        "random_state": 0,
        "refit": False,
        "error_score": float("nan"),  # the largest learning rates may diverge
    }

    def search():
        with parallel_config(backend=options.backend, n_jobs=options.n_jobs):
            found = RandomizedSearchCV(classifier, space, **settings).fit(X, y)
        return found.cv_results_["mean_test_score"].tolist()

    return search


def prepare_skhp(options):
    """Return the search over ``skhp.MLPClassifier``."""
    from skhp import MLPClassifier

    training = {"batch_size": BATCH_SIZE, "epochs": epochs(options)}
    classifier = MLPClassifier(6, 100, optimizer="sgd", **training)
    return random_search(classifier, "learning_rate", "l2", options)


def prepare_sklearn(options):
    """Return the search over scikit-learn's own network."""
    import networks

    plain = {"solver": "sgd", "momentum": 0.0, "batch_size": BATCH_SIZE}
    classifier = networks.sklearn_mlp(epochs(options), hidden_layer_sizes=(100,) * 6, **plain)
    names = ("learning_rate_init", "alpha")
    return random_search(classifier, *names, options, penalty_scale=2 * BATCH_SIZE)


def measure(modules, prepare, options):
    """Measure one system in this process."""
    modules = ("scipy.stats", "sklearn.model_selection", *modules)
    return search_timing.time_search(modules, partial(prepare, options), warm=True, options=options)


SYSTEMS = {
    "skhp": System("skhp", partial(measure, ("tensorflow", "keras", "skhp"), prepare_skhp)),
    "sklearn": System(
        "scikit-learn MLPClassifier",
        partial(measure, ("sklearn.neural_network",), prepare_sklearn),
    ),
}
COLUMNS = ["import_s", "cold_s", "start_s", "warm_s", "best_score", "peak_mb"]


def main():
    """Read the command line and run."""
    parser = comparison.command_line(__doc__, SYSTEMS)
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--backend", choices=["loky", "threading"], default="loky")
    options = parser.parse_args()
    jobs = f"_{options.n_jobs}_{options.backend}" if options.n_jobs != 1 else ""
    name = f"random_search_digits{jobs}"
    comparison.run(__file__, SYSTEMS, options, name=name, columns=COLUMNS)


if __name__ == "__main__":
    main()
