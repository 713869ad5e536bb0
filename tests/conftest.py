"""Small data that most tests share, so that they share compiled programs too."""

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression


@pytest.fixture(scope="session")
def binary():
    """60 rows of 4 features, two classes."""
    X, y = make_classification(
        60, 4, n_informative=3, n_redundant=0, class_sep=2.0, flip_y=0, random_state=0
    )
    return X.astype(np.float32), y


@pytest.fixture(scope="session")
def multiclass():
    """90 rows of 4 features, three classes."""
    X, y = make_classification(
        90,
        4,
        n_informative=3,
        n_redundant=0,
        n_classes=3,
        n_clusters_per_class=1,
        class_sep=2.0,
        flip_y=0,
        random_state=0,
    )
    return X.astype(np.float32), y


@pytest.fixture(scope="session")
def regression():
    """60 rows of 4 features, targets of about unit size."""
    X, y = make_regression(60, 4, random_state=0)
    return X.astype(np.float32), y / y.std()
