"""Private names of scikit-learn: they do what skhp takes them to do."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.model_selection import GridSearchCV

from skhp import MLPClassifier
from skhp.compat.sklearn import InvalidParameterError, passes_callbacks_on, take_rows


@pytest.mark.parametrize("kind", [np.asarray, csr_array, pd.DataFrame, list])
def test_take_rows(kind):
    rows = kind([[0, 1], [2, 3], [4, 5]])
    taken = take_rows(rows, np.array([2, 0]))
    taken = taken.toarray() if kind is csr_array else np.asarray(taken)
    assert taken.tolist() == [[4, 5], [0, 1]]


def test_which_searches_pass_callbacks_on():
    class OldFashioned(GridSearchCV):
        def _run_search(self, evaluate_candidates): ...

    class New(GridSearchCV):
        def _run_search(self, evaluate_candidates, *, callback_ctx): ...

    for kind, passes in ((GridSearchCV, True), (New, True), (OldFashioned, False)):
        assert passes_callbacks_on(kind(MLPClassifier(), {"width": [1]})) is passes


def test_the_error_of_a_parameter_is_of_both_kinds():
    assert issubclass(InvalidParameterError, ValueError)
    assert issubclass(InvalidParameterError, TypeError)
