"""The defaults are as good as those of scikit-learn's own networks.

The small data sets of docs/benchmarks/defaults.py, which compares on all of them.
"""

import numpy as np
import pytest
from sklearn import neural_network
from sklearn.datasets import load_iris, load_wine, make_friedman1
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier, MLPRegressor


def friedman1(return_X_y):
    return make_friedman1(200, noise=1.0, random_state=0)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "load, ours, theirs, margin",
    [
        (load_iris, MLPClassifier, neural_network.MLPClassifier, 0.01),
        (load_wine, MLPClassifier, neural_network.MLPClassifier, 0.01),
        (friedman1, MLPRegressor, neural_network.MLPRegressor, 0.02),
    ],
    ids=["iris", "wine", "friedman1"],
)
def test_defaults_are_as_good_as_scikit_learns(load, ours, theirs, margin):
    X, y = load(return_X_y=True)

    def mean_score(estimator_class):
        pipeline = make_pipeline(StandardScaler(), estimator_class(random_state=0))
        return np.mean(cross_val_score(pipeline, X, y, cv=5))

    assert mean_score(ours) >= mean_score(theirs) - margin
