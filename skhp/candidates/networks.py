"""Epochs and size of a candidate's network, found without fitting it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from sklearn.base import clone
from sklearn.pipeline import Pipeline


@runtime_checkable
class NetworkEstimator(Protocol):
    """What searches, callbacks and tables need from a network: an MLP, or a wrapped model."""

    def count_parameters(self, like: Any = None) -> int:
        """The number of its weights, on the data that a fitted estimator was fitted on."""

    def evaluation(self, X: Any, y: Any) -> Callable[[Any], dict[str, float]]:
        """The loss and metrics on some rows, as a function of a `TrainingState`."""


def is_network(estimator: Any) -> bool:
    """Whether an estimator is a network of this library.

    Parameters
    ----------
    estimator : object
    """
    return isinstance(estimator, NetworkEstimator) and not isinstance(estimator, type)


def network_in(estimator: Any) -> Any:
    """The network of this library at the end of an estimator, or None.

    Parameters
    ----------
    estimator : estimator
        A network, or a pipeline that ends in one.
    """
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator if is_network(estimator) else None


def candidate_network(search: Any, params: Mapping[str, Any]) -> Any:
    """The network of one candidate, not fitted; None if the candidate has none.

    Parameters
    ----------
    search : search
    params : mapping
    """
    estimator = getattr(search, "estimator", None)
    if estimator is None:  # search is a cv_results_
        return None
    return network_in(clone(estimator).set_params(**clone(dict(params), safe=False)))


def planned_epochs(search: Any, params: Mapping[str, Any]) -> int | None:
    """The number of epochs of a candidate; None if its training may stop early.

    Parameters
    ----------
    search : search
    params : mapping
    """
    network = candidate_network(search, params)
    settings = {} if network is None else network.get_params(deep=False)
    if any(settings.get(name) for name in _MAY_END_A_TRAINING):
        return None
    return settings.get("fit__epochs", settings.get("epochs"))


_MAY_END_A_TRAINING = ("early_stopping", "max_seconds", "callbacks", "fit__callbacks")


def n_parameters_of(search: Any, params: Mapping[str, Any], fitted: Any = None) -> int | None:
    """The number of weights of a candidate's network, including moving statistics.

    Parameters
    ----------
    search : search
    params : mapping
    fitted : estimator, optional
        A fitted network, which tells the number of features. By default that of the search's
        ``best_estimator_``.

    Returns
    -------
    int or None
        None if there is no fitted network; if the search also varies a step before the
        network; or if the network cannot be built.
    """
    if fitted is None:
        fitted = network_in(getattr(search, "best_estimator_", None))
    network = candidate_network(search, params)
    if fitted is None or network is None:
        return None
    own = {name for name in params if _is_of_last_step(search.estimator, name)}
    if own != set(params):
        return None
    try:
        return network.count_parameters(fitted)
    except Exception:  # its fits failed too, or the best network is of another kind
        return None


def _is_of_last_step(estimator: Any, name: str) -> bool:
    while isinstance(estimator, Pipeline):
        step, estimator = estimator.steps[-1]
        if not name.startswith(f"{step}__"):
            return name == step
        name = name[len(step) + 2 :]
    return True
