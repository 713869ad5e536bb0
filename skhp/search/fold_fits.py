"""The fits of one candidate on all folds, trained side by side, epoch by epoch."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from sklearn.pipeline import Pipeline

from skhp.candidates.networks import network_in
from skhp.compat.sklearn import take_rows
from skhp.compat.sklearn_callback import own_callbacks
from skhp.fitting.fit_task import epoch_end
from skhp.search.paused_fit import PausedFit


class FoldFit:
    """One fit, which can be scored after each epoch.

    Parameters
    ----------
    candidate : estimator
        Not fitted. A network, or a pipeline that ends in one.
    X, y : array-like
    train, test : ndarray of int
        Row numbers.
    scorer : callable

    Attributes
    ----------
    epoch : int
        Epochs trained, with those that an earlier fit has trained.
    score : float
        On the test rows, after that epoch, or of the fitted estimator at the end. NaN before
        the first epoch that is trained now.
    seconds : float
        That the fit and its scores have taken.
    """

    def __init__(
        self, candidate: Any, X: Any, y: Any, train: Any, test: Any, scorer: Callable[..., Any]
    ) -> None:
        self._candidate, self._scorer = candidate, scorer
        self._train, self._test = (_rows(X, y, which) for which in (train, test))
        self._paused = PausedFit(self._fit)
        self.epoch, self.seconds, self.score = 0, 0.0, float("nan")

    @property
    def has_ended(self) -> bool:
        """Whether training is over."""
        return self._paused.has_ended

    def train_until(self, epoch: int) -> None:
        """Train until this many epochs are trained, or until training ends."""
        began = time.perf_counter()
        while not self.has_ended and self.epoch < epoch:
            self._paused.advance()
        self.seconds += time.perf_counter() - began

    def stop(self) -> None:
        """Stop training, if it has not ended."""
        self._paused.stop()

    def _fit(self, pause: Callable[[], bool]) -> None:
        network = network_in(self._candidate)
        network.set_callbacks(*own_callbacks(network), _AtEachEpoch(self._epoch_ends, pause))
        self._candidate.fit(*self._train)
        self.score = float(self._scorer(self._candidate, *self._test))

    def _epoch_ends(self, network: Any, end: Any) -> bool:
        """Count the epoch, and score it; False if an earlier fit has trained it."""
        self.epoch += 1
        if end.is_earlier:
            return False
        candidate = _with_network(self._candidate, end.fitted(network))
        self.score = float(self._scorer(candidate, *self._test))
        return True


class _AtEachEpoch:
    """A callback of scikit-learn that pauses a fit after each epoch that it trains."""

    def __init__(self, epoch_ends: Callable[..., bool], pause: Callable[[], bool]) -> None:
        self._epoch_ends, self._pause = epoch_ends, pause

    def setup(self, estimator: Any, context: Any) -> None: ...

    def teardown(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None: ...

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        end = epoch_end(context)
        return end is not None and self._epoch_ends(estimator, end) and self._pause()


class FoldFits:
    """The fits of one candidate, in a ``with`` statement that stops those that are not over.

    Parameters
    ----------
    fits : sequence of FoldFit
    """

    def __init__(self, fits: Sequence[FoldFit]) -> None:
        self.fits = fits

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        for fit in self.fits:
            fit.stop()

    def mean_scores(self) -> Iterator[tuple[int, float]]:
        """Train all, and yield each epoch with the mean of the scores after it.

        A fit that has ended counts with its last score. An epoch is left out if an earlier
        fit has trained it.
        """
        epoch = 0
        while not all(fit.has_ended for fit in self.fits):
            epoch += 1
            for fit in self.fits:
                fit.train_until(epoch)
            running = [fit for fit in self.fits if not fit.has_ended]
            if running and all(fit.epoch == epoch for fit in running):
                yield epoch, float(np.mean([fit.score for fit in self.fits]))


def _rows(X: Any, y: Any, which: np.ndarray) -> tuple[Any, ...]:
    return take_rows(X, which), take_rows(y, which)


def _with_network(estimator: Any, network: Any) -> Any:
    """A copy of an estimator with another network at its end."""
    if not isinstance(estimator, Pipeline):
        return network
    copied = copy.copy(estimator)
    name, last = estimator.steps[-1]
    copied.steps = [*estimator.steps[:-1], (name, _with_network(last, network))]
    return copied
