"""The rows that score a candidate, for a monitor to measure each epoch on.

A search does not pass the rows that it holds out to its callbacks. They are computed in advance: a
copy of the splitter, with its random state as it is when the search begins, splits the same
rows. Each fold is checked before it is used: the training rows that the candidate got must be,
bit for bit, those of the fold computed in advance.
"""

from __future__ import annotations

import contextlib
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline

from skhp.compat.sklearn import take_rows


class UnknownFold(Exception):
    """It is not known which rows score a candidate."""


@dataclass
class HeldOutRows:
    """The rows that one candidate is scored on, as the search got them.

    Parameters
    ----------
    candidate : estimator
        A network, or a pipeline that ends in one.
    X, y
    """

    candidate: Any
    X: Any
    y: Any

    def as_seen_by(self, network: Any) -> tuple[Any, Any]:
        """The rows, transformed by the steps before a network, which are fitted by then.

        Parameters
        ----------
        network : estimator
        """
        estimator, X = self.candidate, self.X
        while estimator is not network and isinstance(estimator, Pipeline):
            if len(estimator) > 1:
                X = estimator[:-1].transform(X)
            estimator = estimator.steps[-1][1]
        if estimator is not network:
            raise UnknownFold(
                f"{type(self.candidate).__name__} holds {type(network).__name__} within "
                f"{type(estimator).__name__}, and it is not known how that transforms rows"
            )
        return X, self.y


class Folds:
    """The folds of a search, computed in advance.

    Parameters
    ----------
    search : estimator
        It has not split its rows yet.
    X, y
        The data that it is fitted on.

    Raises
    ------
    UnknownFold
        If its splitter cannot be copied, or needs more than X and y.
    """

    def __init__(self, search: Any, X: Any, y: Any) -> None:
        self.X, self.y = X, y
        try:
            with _numpy_random_state_kept():
                cv = check_cv(
                    copy.deepcopy(search.cv), y, classifier=is_classifier(search.estimator)
                )
                splits = list(cv.split(X, y))
        except Exception as error:
            raise UnknownFold(
                f"cv={search.cv!r} cannot split the rows before the search does ({error}); give "
                "cv a list of (train, test) index arrays"
            ) from error
        self.n_splits = len(splits)
        self._test = [test for _, test in splits]
        # A halving search by n_samples trains on some of a fold's training rows.
        self._comparison = _some_of if getattr(search, "resource", None) == "n_samples" else _same
        self._expected = [self._summary(train) for train, _ in splits]

    def _summary(self, train: np.ndarray) -> Any:
        return self._comparison.summary(take_rows(self.X, train), _rows_of(self.y, train))

    def held_out(self, split: int, candidate: Any, X_train: Any, y_train: Any) -> HeldOutRows:
        """The rows that score a candidate.

        Parameters
        ----------
        split : int
        candidate : estimator
        X_train, y_train
            The rows that it is fitted on.

        Raises
        ------
        UnknownFold
            If these are not the rows that this split trains on.
        """
        got = self._comparison.summary(X_train, y_train)
        if not self._comparison.agrees(self._expected[split], got):
            raise UnknownFold(
                "the search trains on other rows than its splitter gave before the search; give cv "
                "a splitter with an int as random_state, or a list of (train, test) index arrays"
            )
        test = self._test[split]
        return HeldOutRows(candidate, take_rows(self.X, test), _rows_of(self.y, test))


def _rows_of(y: Any, rows: np.ndarray) -> Any:
    return None if y is None else take_rows(y, rows)


class _Comparison(NamedTuple):
    """How training rows are compared with those expected."""

    summary: Callable[[Any, Any], Any]
    agrees: Callable[[Any, Any], bool]


def _digest(X: Any, y: Any) -> Any:
    return joblib.hash((X, y), coerce_mmap=True)


def _row_counts(X: Any, y: Any) -> Counter[Any]:
    table = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    keys = [tuple(np.ravel(row).tolist()) for row in table]
    targets = [None] * len(keys) if y is None else np.asarray(y).tolist()
    return Counter(zip(keys, map(str, targets), strict=True))


_same = _Comparison(_digest, lambda expected, got: expected == got)
_some_of = _Comparison(_row_counts, lambda expected, got: got <= expected)


@contextlib.contextmanager
def _numpy_random_state_kept() -> Iterator[None]:
    # A splitter without a random_state draws from NumPy's global generator. The search must
    # draw the same again.
    state = np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002
