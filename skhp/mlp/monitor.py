"""What early stopping of a perceptron watches: the loss, a metric of Keras or a scorer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from skhp.compat.keras import metric_mode
from skhp.engine.losses import fresh_metric
from skhp.engine.plan import EarlyStop
from skhp.fitting.validation_score import history_name
from skhp.keras_objects.catalogue import KerasObject
from skhp.keras_objects.similar_names import did_you_mean


def early_stop(params: Mapping[str, Any], metrics: Mapping[str, KerasObject]) -> EarlyStop:
    """The rule that constructor parameters describe.

    Parameters
    ----------
    params : mapping
        The parameters of the estimator.
    metrics : mapping of str to KerasObject
        By their names in the history.

    Raises
    ------
    ValueError
        If ``monitor`` is unknown, or it is not known whether higher or lower is better.
    """
    monitor = params["monitor"]
    name = monitored_name(monitor)
    is_scorer = scorer_of(monitor, metrics) is not None
    mode = "max" if is_scorer else _mode(name.removeprefix("val_"), metrics)
    return EarlyStop(int(params["patience"]), name, float(params["min_delta"]), mode)


def monitored_name(monitor: Any) -> str:
    """The name of the watched value in the history.

    Parameters
    ----------
    monitor : str or callable

    Examples
    --------
    >>> monitored_name("val_loss"), monitored_name("roc_auc")
    ('val_loss', 'val_roc_auc')
    """
    is_named = isinstance(monitor, str) and (monitor == "loss" or monitor.startswith("val_"))
    return monitor if is_named else history_name(monitor)


def scorer_of(monitor: Any, metrics: Iterable[str]) -> Callable[..., Any] | None:
    """The scorer to watch; None if training itself measures the value.

    Parameters
    ----------
    monitor : str or callable
    metrics : iterable of str
        Names of Keras's metrics in the history.

    Raises
    ------
    ValueError
        If there is no such value and no such scorer, or a callable is no scorer.
    """
    measured = ["val_loss", *(f"val_{name}" for name in metrics), "loss"]
    if isinstance(monitor, str) and monitored_name(monitor) in measured:
        return None
    if monitored_name(monitor) in measured:
        raise ValueError(
            f"history_ has the values of monitor={monitor!r} as {monitored_name(monitor)!r}, and "
            "a metric has the same name. Give this metric another name, as in "
            "keras.metrics.AUC(name='auc_pr')."
        )
    from sklearn.metrics import check_scoring, get_scorer_names

    names = get_scorer_names()
    if isinstance(monitor, str) and monitor not in names:
        hint = did_you_mean(monitor, [*measured, *names])
        raise ValueError(
            f"Unknown monitor {monitor!r}.{hint} It must be one of {', '.join(measured)}, or a "
            "scorer of scikit-learn: a name in sklearn.metrics.get_scorer_names(), or a "
            "callable. To watch another metric of Keras, add it to metrics."
        )
    return check_scoring(scoring=monitor)


def _mode(name: str, metrics: Mapping[str, KerasObject]) -> str:
    mode = "min" if name == "loss" else metric_mode(fresh_metric(name, metrics[name]))
    if mode is None:
        raise ValueError(
            f"Keras does not know whether a higher or a lower {name!r} is better, so "
            f"monitor={name!r} cannot stop training. Use monitor='val_loss', a scorer of "
            f"scikit-learn, or callbacks=[keras.callbacks.EarlyStopping('val_{name}', "
            "mode='max', restore_best_weights=True)], X_val and y_val."
        )
    return mode
