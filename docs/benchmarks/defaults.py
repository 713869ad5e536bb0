"""How good the defaults are: five-fold scores, compared with those of scikit-learn's networks.

What is compared
    The mean five-fold score of ``skhp.MLPClassifier()`` and ``skhp.MLPRegressor()``, with
    no parameter set but ``random_state``, behind a `StandardScaler`, and of
    scikit-learn's own ``MLPClassifier()`` and ``MLPRegressor()``. The folds are those of
    ``cross_val_score(cv=5)``; means are over ``--seeds`` values of ``random_state``.
    Nothing is timed.

How to run
    python defaults.py
    python defaults.py --data iris wine --seeds 1
"""

import argparse
import statistics
import warnings

from sklearn import datasets, neural_network
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skhp

CLASSIFIERS = (skhp.MLPClassifier, neural_network.MLPClassifier)
REGRESSORS = (skhp.MLPRegressor, neural_network.MLPRegressor)


def friedman1(return_X_y):
    """Return 500 rows of Friedman's first problem, with noise."""
    return datasets.make_friedman1(500, noise=1.0, random_state=0)


# name -> (loader, ours and scikit-learn's, how far below scikit-learn's ours may be)
DATA = {
    "breast cancer": (datasets.load_breast_cancer, CLASSIFIERS, 0.01),
    "digits": (datasets.load_digits, CLASSIFIERS, 0.01),
    "iris": (datasets.load_iris, CLASSIFIERS, 0.01),
    "wine": (datasets.load_wine, CLASSIFIERS, 0.01),
    "diabetes": (datasets.load_diabetes, REGRESSORS, 0.02),
    "friedman1": (friedman1, REGRESSORS, 0.02),
}


def mean_score(estimator_class, X, y, seeds):
    """Return the mean over folds and seeds."""
    return statistics.mean(
        cross_val_score(
            make_pipeline(StandardScaler(), estimator_class(random_state=seed)), X, y, cv=5
        ).mean()
        for seed in range(seeds)
    )


def main():
    """Read the command line, print one line a data set; exit with 1 where one falls short."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # scikit-learn's 200 epochs are not always enough for it
    print(f"{'data':14} {'skhp':>8} {'sklearn':>8} {'margin':>7}")
    missed = []
    for name in options.data:
        load, pair, margin = DATA[name]
        X, y = load(return_X_y=True)
        ours, theirs = (mean_score(kind, X, y, options.seeds) for kind in pair)
        print(f"{name:14} {ours:8.4f} {theirs:8.4f} {margin:7.2f}", flush=True)
        if ours < theirs - margin:
            missed.append(name)
    if missed:
        raise SystemExit(f"below scikit-learn's by more than the margin: {', '.join(missed)}")


if __name__ == "__main__":
    main()
