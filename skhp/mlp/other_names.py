"""Parameter names of other libraries, and what the same thing is called here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec

P = ParamSpec("P")

_HERE = {
    # scikit-learn's perceptrons
    "hidden_layer_sizes": "width, with one number per layer: width=(64, 32)",
    "solver": "optimizer",
    "alpha": "l2, which is not divided by the number of rows",
    "learning_rate_init": "learning_rate",
    "max_iter": "epochs",
    "tol": "min_delta",
    "n_iter_no_change": "patience",
    # Keras
    "units": "width",
    "lr": "learning_rate",
    "validation_split": "validation_fraction, with early_stopping=True",
    "kernel_regularizer": "l2",
    # other libraries
    "hidden_layers": "n_layers and width",
    "num_layers": "n_layers",
    "n_hidden": "n_layers and width",
    "dropout_rate": "dropout",
    "batch_normalization": "batch_norm",
    "n_epochs": "epochs",
    "max_epochs": "epochs",
}

# scikit-learn's perceptrons have these parameters; here the optimizer has them.
_OF_OPTIMIZERS = {
    "momentum": "SGD(momentum=...)",
    "nesterovs_momentum": "SGD(momentum=..., nesterov=True)",
    "beta_1": "Adam(beta_1=...)",
    "beta_2": "Adam(beta_2=...)",
    "epsilon": "Adam(epsilon=...)",
}


def what_to_set(own: Iterable[str], given: Iterable[str]) -> str | None:
    """Say which given name an estimator does not have, and what to set instead.

    Parameters
    ----------
    own : iterable of str
        The parameters of the estimator.
    given : iterable of str

    Returns
    -------
    str or None
        None if no name is another library's, or nested such as "optimizer__momentum".

    Examples
    --------
    >>> what_to_set(["epochs"], ["max_iter"])
    "here, 'max_iter' is called epochs"
    >>> what_to_set(["max_iter"], ["max_iter"]) is None
    True
    >>> what_to_set(["optimizer"], ["optimizer__momentum"])
    "'optimizer__momentum': optimizer has no nested parameters here. Set an optimizer object: ..."
    """
    own = set(own)
    for name in given:
        parameter, _, setting = name.partition("__")
        if name in own:
            continue
        if name in _HERE:
            return f"here, {name!r} is called {_HERE[name]}"
        if name in _OF_OPTIMIZERS:
            optimizer = f"optimizer=keras.optimizers.{_OF_OPTIMIZERS[name]}"
            return f"here, {name!r} is a setting of the optimizer: {optimizer}"
        if setting and parameter in own:
            instead = _in_place_of(parameter, setting)
            return f"{name!r}: {parameter} has no nested parameters here. Set {instead}"
    return None


def _in_place_of(parameter: str, setting: str) -> str:
    if parameter != "optimizer":
        return f"an object with this setting as {parameter}"
    if setting in ("learning_rate", "weight_decay"):
        return f"the parameter {setting}"
    return f"an optimizer object: optimizer=keras.optimizers.SGD({setting}=...)"


def explains_other_names(init: Callable[P, None]) -> Callable[P, None]:
    """Make a constructor say what the parameters of other libraries are called here.

    The signature stays the same, so that ``get_params`` and ``clone`` work.

    Parameters
    ----------
    init : callable
        The ``__init__`` of an estimator.
    """
    own = set(inspect.signature(init).parameters)

    @functools.wraps(init)
    def explained(*args: P.args, **kwargs: P.kwargs) -> None:
        explanation = what_to_set(own, kwargs)
        if explanation is not None:
            estimator: Any = args[0]
            raise TypeError(f"{type(estimator).__name__} got an unknown parameter: {explanation}.")
        init(*args, **kwargs)

    return explained
