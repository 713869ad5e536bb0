"""`from_hypermodel`: an estimator and its search space from ``build(hp)`` of keras-tuner."""

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
from skhp.keras_objects.origins import root_of

# What a builder may read of the data before there are any: a small table, two classes.
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
    """Make an estimator and its search space from a build function for keras-tuner.

    Parameters
    ----------
    build : callable or keras_tuner.HyperModel
        ``build(hp)`` that returns a `keras.Model`, compiled or not, or an object with
        such a method. It may also take ``meta``, what the estimator learned of the data.
        keras-tuner does not have to be installed.
    task : {"classifier", "regressor"} or type, default="classifier"
        The estimator: `KerasClassifier`, `KerasRegressor`, or your own class with the
        same parameter ``model``.
    as_grid : bool, default=False
        Whether every entry of the space is a list, as `GridSearchCV` needs. A range
        without a step then has ten values, which follow its sampling, as in the grid search
        of keras-tuner.
    meta : mapping, optional
        For a build that takes ``meta``: values for it during the search for
        hyperparameters. The others are those of a small table (``n_features_in_``,
        ``n_classes_``, ...).
    max_builds : int, default=200
        The most models to build to find all hyperparameters.
    **estimator_params : object
        Parameters of the estimator: ``epochs``, ``batch_size``, ``random_state``, ...

    Returns
    -------
    estimator : KerasClassifier or KerasRegressor
        It has a parameter for each hyperparameter, with its default. ``fit`` raises an
        error for a value outside of the range. A step only decides how a range is sampled:
        other values of the range are allowed.
    param_distributions : dict
        For `RandomizedSearchCV`: lists for up to 100 values, otherwise distributions.
        ``Fixed`` hyperparameters are not searched and have no entry.

    Raises
    ------
    ValueError
        If a name is registered twice with different definitions, two names become the
        same parameter, or a range is not valid.
    TypeError
        If `build` cannot be called, or does not return a model.

    Warns
    -----
    UserWarning
        If `max_builds` was too low, a build with other values than the defaults failed, or
        a HyperModel has its own ``fit``, which is not called.

    See Also
    --------
    KerasClassifier : The estimator, for builders with keyword arguments.

    Notes
    -----
    A parameter has the name of its hyperparameter, if a parameter can have that name. If not,
    characters that are not letters or digits become one underscore ("conv/size" becomes
    ``conv_size``). A name with another meaning for the estimator, for Keras's ``compile``,
    ``fit`` and ``predict``, or for Python gets the prefix ``hp_`` ("optimizer" becomes
    ``hp_optimizer``). ``estimator.model.names`` lists all names.

    Names under conditions or in loops are found by building models: with the defaults, then
    with the ends of each range, with values between them if the ends change what is
    registered, and with a few random values. A name that is first registered in a search
    keeps its default there, with a warning.

    The last value of ``Float("rate", 0, 1, step=0.2)`` is 1.0, as keras-tuner's documentation
    says. keras-tuner 1.4 loses it by rounding.

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
            f"build is a model already, {build!r}. Pass the function that builds it from hp. To "
            "use a model without a search, pass it to KerasClassifier or KerasRegressor."
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
            f"{name_of(build)}.fit is not called, because the estimator trains the model. Set the "
            "hyperparameters of training as parameters of the estimator (epochs, batch_size, "
            "...), and search those.",
            stacklevel=3,
        )


def _has_own_fit(build: Any) -> bool:
    owners = [c for c in type(build).__mro__ if "fit" in vars(c)]
    return bool(owners) and root_of(owners[0].__module__) != "keras_tuner"


def _estimator_class(task: Any) -> Any:
    """The class for a task; a class is returned unchanged."""
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
