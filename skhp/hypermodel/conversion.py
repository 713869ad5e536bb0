"""`from_hypermodel`: keras-tuner's ``build(hp)`` as an estimator and its search space."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from skhp import runtime
from skhp.hypermodel.builder import (
    HypermodelBuilder,
    build_of,
    name_of,
    offered_to,
    parameter_names,
    run_build,
)
from skhp.hypermodel.exploration import Exploration
from skhp.hypermodel.hyperparameters import HyperParameters
from skhp.hypermodel.ranges import Choice

# What a builder may read of the data, while there is none: a small table, two classes.
_STAND_IN_META: dict[str, Any] = {
    "X_dtype_": np.dtype("float32"),
    "X_shape_": (2, 1),
    "n_features_in_": 1,
    "y_dtype_": np.dtype("int64"),
    "y_ndim_": 1,
    "classes_": np.array([0, 1]),
    "n_classes_": 2,
    "n_outputs_": 1,
    "n_outputs_expected_": 1,
    "target_type_": "binary",
}


def from_hypermodel(
    build: Any,
    *,
    task: Any = "classifier",
    as_grid: bool = False,
    meta: Mapping[str, Any] | None = None,
    max_builds: int = 200,
    **estimator_params: Any,
) -> tuple[Any, dict[str, Any]]:
    """Turn a build function written for keras-tuner into an estimator and its space.

    Parameters
    ----------
    build : callable or keras_tuner.HyperModel
        ``build(hp)`` that returns a `keras.Model`, compiled or not, or an object with
        such a method. It may take ``meta`` too: what the estimator knows of the data.
        keras-tuner need not be installed.
    task : {"classifier", "regressor"} or type, default="classifier"
        The estimator: `KerasClassifier`, `KerasRegressor`, or a class of your own that
        takes ``model`` as they do.
    as_grid : bool, default=False
        Whether every entry of the space is a list, as `GridSearchCV` needs. A range
        without a step then has ten values, spread as it is sampled; keras-tuner's own
        grid search does the same.
    meta : mapping, optional
        For a build that takes ``meta``: what it is given while hyperparameters are
        looked for, beside stand-ins for a small table (``n_features_in_``, ``n_classes_``, ...).
    max_builds : int, default=200
        Models built to find all hyperparameters, at most.
    **estimator_params : object
        Parameters of the estimator: ``epochs``, ``batch_size``, ``random_state``, ...

    Returns
    -------
    estimator : KerasClassifier or KerasRegressor
        With a parameter for each hyperparameter, at its default. A value outside of its
        range is an error at ``fit``; a step says how a range is sampled, and other
        values of the range are taken too.
    param_distributions : dict
        For `RandomizedSearchCV`: lists for sets of up to 100 values, else
        distributions. ``Fixed`` ones are not searched and have no entry.

    Raises
    ------
    ValueError
        If a name is registered twice with different definitions, two names make the
        same parameter, or a range is none.
    TypeError
        If `build` cannot be called, or returns no model.

    Warns
    -----
    UserWarning
        If `max_builds` did not suffice, builds with other values than the defaults
        failed, or a HyperModel's own ``fit`` is left out.

    See Also
    --------
    KerasClassifier : The estimator, for builders with keyword arguments.

    Notes
    -----
    A parameter has the name of its hyperparameter. Where an estimator parameter cannot,
    other characters than letters and digits become one underscore ("conv/size" is
    ``conv_size``), and what means something else to the estimator, to Keras's
    ``compile``, ``fit`` and ``predict`` or to Python gets ``hp_`` before it ("optimizer"
    is ``hp_optimizer``); ``estimator.model.names`` has them all.

    Names under conditions, or computed in a loop, are found by building models with the
    defaults, then with the ends of each range, with the values between them where these
    change what is registered, and with a few values at random. A name that only shows
    later, in a search, keeps its default there, with a warning.

    The last value of ``Float("rate", 0, 1, step=0.2)`` is 1.0, as keras-tuner documents
    it; keras-tuner 1.4 loses it to rounding.

    Examples
    --------
    >>> import keras
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import RandomizedSearchCV
    >>> from skhp import from_hypermodel
    >>> def build(hp):
    ...     model = keras.Sequential([keras.Input((4,))])
    ...     for i in range(hp.Int("layers", 1, 2)):
    ...         model.add(keras.layers.Dense(hp.Int(f"units_{i}", 8, 24, step=8), "relu"))
    ...     model.add(keras.layers.Dense(3, "softmax"))
    ...     rate = hp.Float("learning_rate", 1e-3, 1e-1, sampling="log")
    ...     model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    ...     return model
    >>> net, space = from_hypermodel(build, epochs=5, random_state=0)
    >>> space["layers"], space["units_1"]
    ([1, 2], [8, 16, 24])
    >>> X, y = load_iris(return_X_y=True)
    >>> search = RandomizedSearchCV(net, space, n_iter=2, cv=2, random_state=0).fit(X, y)
    >>> sorted(search.best_params_)
    ['layers', 'learning_rate', 'units_0', 'units_1']
    """
    _check_build(build)
    estimator_class = _estimator_class(task)
    offered = {**_STAND_IN_META, **(meta or {})}

    def run(hp: HyperParameters) -> None:
        arguments = {name: offered if name == "meta" else {} for name in offered_to(build)}
        run_build(build, hp, arguments)

    definitions = Exploration(run, max_builds).run()
    names = parameter_names(definitions, _reserved_by(estimator_class))
    builder = HypermodelBuilder(build, definitions, names)
    searched = {n: definitions[h] for n, h in names.items() if not _is_fixed(definitions[h])}
    return estimator_class(model=builder, **estimator_params), {
        name: definition.grid() if as_grid else definition.distribution()
        for name, definition in searched.items()
    }


def _is_fixed(definition: Any) -> bool:
    return isinstance(definition, Choice) and definition.kind == "Fixed"


def _check_build(build: Any) -> None:
    runtime.start()
    import keras

    if isinstance(build, keras.Model):
        raise TypeError(
            f"build is a model already, {build!r}. Pass the function that builds it from hp; "
            "a model that is not searched goes to KerasClassifier or KerasRegressor."
        )
    if inspect.isclass(build) and hasattr(build, "build") and not issubclass(build, keras.Model):
        raise TypeError(f"build is the class {build.__qualname__}. Pass an instance of it.")
    if not callable(build_of(build)):
        raise TypeError(
            "build must be a function of hp that returns a keras.Model, or an object with such "
            f"a method `build`. Got {build!r} of type {type(build).__name__}."
        )
    if hasattr(build, "build") and _has_own_fit(build):
        warnings.warn(
            f"{name_of(build)}.fit is not called: the estimator trains. Give the hyperparameters "
            "of training as parameters of the estimator (epochs, batch_size, ...), and their "
            "values to the search.",
            stacklevel=3,
        )


def _has_own_fit(build: Any) -> bool:
    owners = [c for c in type(build).__mro__ if "fit" in vars(c)]
    return bool(owners) and owners[0].__module__.split(".")[0] != "keras_tuner"


def _estimator_class(task: Any) -> Any:
    """A class from the name of a task; a class as it is."""
    if inspect.isclass(task):
        return task
    from skhp.wrappers import KerasClassifier, KerasRegressor

    classes = {"classifier": KerasClassifier, "regressor": KerasRegressor}
    if task not in classes:
        raise ValueError(
            f'task must be "classifier", "regressor" or an estimator class. Got {task!r}.'
        )
    return classes[task]


def _reserved_by(estimator_class: type) -> set[str]:
    import keras

    model = keras.Model
    arguments = {
        name
        for method in (model.compile, model.fit, model.predict)
        for name in inspect.signature(method).parameters
    }
    own = set(inspect.signature(estimator_class).parameters) | set(dir(estimator_class))
    return own | (arguments - {"x", "y"}) | {"meta", "compile_kwargs", "params"}
