"""The planned number of splits is the one that the search then has."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import GridSearchCV, KFold, LeaveOneGroupOut, LeaveOneOut

from skhp.candidates.planned_splits import planned_n_splits

X, y = np.arange(12.0).reshape(-1, 1), np.arange(12) % 2


def search(cv):
    return GridSearchCV(DummyClassifier(), {"strategy": ["prior"]}, cv=cv)


@pytest.mark.parametrize("cv", [None, 3, KFold(4), LeaveOneOut(), [([0, 1, 2, 3], [4, 5])]])
def test_splits_are_counted_before_the_search_runs(cv):
    assert planned_n_splits(search(cv), X, y) == search(cv).fit(X, y).n_splits_


def test_a_generator_is_not_read():
    one = search(KFold(3).split(X))
    assert planned_n_splits(one, X, y) is None
    assert one.fit(X, y).n_splits_ == 3


@pytest.mark.parametrize("cv, data", [(LeaveOneGroupOut(), (X, y)), (LeaveOneOut(), (None, None))])
def test_none_if_the_splitter_needs_more(cv, data):
    assert planned_n_splits(search(cv), *data) is None


def test_what_is_no_splitter_raises():
    with pytest.raises(ValueError, match="cv"):
        planned_n_splits(search("five"), X, y)
