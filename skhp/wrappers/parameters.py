"""Parameters of a wrapper: its own, its builder's, and those with a prefix."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Self

from sklearn.base import BaseEstimator

from skhp import runtime
from skhp.keras_objects.copying import copied, ready_to_clone
from skhp.keras_objects.loaded_keras import is_keras
from skhp.keras_objects.similar_names import did_you_mean
from skhp.wrappers.builder import GIVEN, Builder
from skhp.wrappers.given_model import GivenModel

# Parameters with these prefixes are settings of the part with that name.
_PREFIXES = (
    "model", "fit", "compile", "predict", "optimizer", "loss", "metrics", "callbacks", "score",
)  # fmt: skip

# Arguments of Keras's compile, fit and predict that may be given without a prefix.
KERAS_ARGUMENTS = frozenset(
    {
        "loss_weights", "weighted_metrics", "initial_epoch", "validation_steps",
        "validation_freq", "steps",
    }
)  # fmt: skip


class WrapperParameters(BaseEstimator):
    """The parameters of a wrapper: get, set, clone and show them."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let ``help`` and editors show the arguments of ``__init__``, not those of ``__new__``."""
        super().__init_subclass__(**kwargs)
        _, *parameters = inspect.signature(cls.__init__).parameters.values()
        cls.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Store parameters with a prefix, which a subclass may name and not store itself."""
        self = super().__new__(cls)
        self.__dict__["_extra"] = {n: v for n, v in kwargs.items() if "__" in n}
        return self

    def __init__(
        self,
        model: Any = None,
        *,
        build_fn: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        batch_size: int | None = None,
        validation_batch_size: int | None = None,
        verbose: Any = 0,
        callbacks: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        run_eagerly: bool = False,
        epochs: int = 1,
        scoring: Any = None,
        max_seconds: float | None = None,
        memory: Any = None,
        **kwargs: Any,
    ) -> None:
        self.model = model
        self.build_fn = build_fn
        self.warm_start = warm_start
        self.random_state = random_state
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.batch_size = batch_size
        self.validation_batch_size = validation_batch_size
        self.verbose = verbose
        self.callbacks = callbacks
        self.validation_split = validation_split
        self.shuffle = shuffle
        self.run_eagerly = run_eagerly
        self.epochs = epochs
        self.scoring = scoring
        self.max_seconds = max_seconds
        self.memory = memory
        if kwargs:
            self._set_extra(kwargs, TypeError)

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """Parameters of ``__init__``, and of the base classes that get its ``**kwargs``."""
        return sorted(cls._declared_parameters())

    @classmethod
    def _declared_parameters(cls) -> Mapping[str, Any]:
        """Default values by name; None for a parameter without a default."""
        return _declared_by(tuple(vars(kind).get("__init__") for kind in cls.__mro__))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get parameters: the estimator's, the builder's, and those with a prefix.

        Parameters
        ----------
        deep : bool, default=True
            Has no effect, because no parameter is an estimator.

        Returns
        -------
        dict
            Values by name. An argument of the builder that was not set has its default.
        """
        declared = self._declared_parameters()
        own = {name: getattr(self, name, declared[name]) for name in sorted(declared)}
        extra = dict(self._extra)
        builder = self._builder_if_any()
        defaults = {} if builder is None else builder.defaults
        defaults = {n: v for n, v in defaults.items() if f"model__{n}" not in extra}
        return {**defaults, **own, **extra}

    def set_params(self, **params: Any) -> Self:
        """Set parameters: the estimator's, the builder's, or those with a prefix.

        Parameters
        ----------
        **params : dict
            Values by name. Prefixes are ``model__``, ``optimizer__``, ``loss__``,
            ``metrics__``, ``callbacks__``, ``compile__``, ``fit__``, ``predict__`` and
            ``score__``.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            If a name is unknown. The error lists similar names.
        """
        own = set(self._get_param_names())
        for name in [n for n in params if n in own]:
            setattr(self, name, params.pop(name))
        if params:
            self._set_extra(params, ValueError)
        return self

    # The state of a given model before the first fit. None for a model from a builder.
    _given: GivenModel | None = None

    # Parameters that __init__ does not name. They can be read as attributes too.
    _extra: Mapping[str, Any] = MappingProxyType({})

    @contextlib.contextmanager
    def _parameters_read_once(self) -> Iterator[None]:
        """Let `_params` collect the parameters once, until one of them is set."""
        self.__dict__["_read_params"] = self.get_params()
        try:
            yield
        finally:
            self.__dict__.pop("_read_params", None)

    def _params(self) -> dict[str, Any]:
        read = self.__dict__.get("_read_params")
        return self.get_params() if read is None else read

    # Whether a pickle was not read, because this process cannot start Keras.
    _is_unread = False

    def __getattr__(self, name: str) -> Any:
        if self._is_unread:
            runtime.start()  # says why
        if name in self._extra:
            return self._extra[name]
        found = inspect.getattr_static(type(self), name, None)
        if hasattr(type(found), "__get__"):  # a property raised an error: raise its cause
            try:
                return type(found).__get__(found, self, type(self))
            except AttributeError as error:
                raise error.__cause__ or error from None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("_") or name.endswith("_"):
            super().__setattr__(name, value)
            return
        self.__dict__.pop("_read_params", None)
        if self._is_extra(name):
            self._set_extra({name: value}, AttributeError)
        else:
            super().__setattr__(name, value)

    def _is_extra(self, name: str) -> bool:
        if name in self._extra or "__" in name:
            return True
        if name in self._get_param_names():
            return False
        builder = self._builder_if_any()
        return builder is not None and name in builder.names

    def _set_extra(self, params: Mapping[str, Any], error: type[Exception]) -> None:
        for name in params:
            self._check_known(name, error)
        self.__dict__.pop("_read_params", None)
        builder = self._builder_if_any()
        defaults = builder.defaults if builder else {}
        # Do not store an argument that has its default: another `model` may not have it.
        self._extra = {
            name: value
            for name, value in {**self._extra, **params}.items()
            if name not in defaults or defaults[name] is not value
        }

    def _check_known(self, name: str, error: type[Exception]) -> None:
        prefix, _, rest = name.partition("__")
        builder = self._builder_if_any()
        if (rest and prefix in _PREFIXES) or name in KERAS_ARGUMENTS:
            return
        if self._is_without_model() or (builder and builder.takes(name) and name not in GIVEN):
            return
        known = sorted({*self._get_param_names(), *(builder.names if builder else ())} - {*GIVEN})
        raise error(
            f"Invalid parameter {name!r} for estimator {type(self).__name__} with "
            f"{self._label()}.{did_you_mean(name, known)} The parameters are "
            f"{', '.join(known)}, and names that begin with "
            f"{', '.join(p + '__' for p in _PREFIXES)}."
        )

    def _builder_if_any(self) -> Builder | None:
        model = self._given_model()
        return Builder(model) if callable(model) and not is_keras(model, "Model") else None

    def _given_model(self) -> Any:
        for name in ("model", "build_fn"):
            if self.__dict__.get(name) is not None:
                return self.__dict__[name]
        return getattr(self, "_keras_build_fn", None)

    def _is_without_model(self) -> bool:
        # Its arguments are not known before a builder is set. fit checks them.
        return not callable(self._given_model())

    def _label(self) -> str:
        """The name of the model in error messages."""
        builder = self._builder_if_any()
        return "the given keras.Model" if builder is None else f"the builder {builder.label}()"

    def __sklearn_clone__(self) -> Any:
        ready = functools.partial(ready_to_clone, copy=lambda value: _copied(value, self._given))
        stand_in = object.__new__(type(self))
        given = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        stand_in.__dict__.update(vars(self), **ready(given), _extra=ready(dict(self._extra)))
        return BaseEstimator.__sklearn_clone__(stand_in)


@functools.lru_cache(maxsize=256)
def _declared_by(constructors: tuple[Any, ...]) -> Mapping[str, Any]:
    """Defaults by name, from each ``__init__`` that gets the ``**kwargs`` of the one before.

    Parameters
    ----------
    constructors : tuple of function or None
        The constructors of a class and its bases; None for a class without one.
    """
    defaults: dict[str, Any] = {}
    for constructor in filter(None, constructors):
        parameters = list(inspect.signature(constructor).parameters.values())[1:]
        kinds = {p.kind for p in parameters}
        for p in parameters:
            if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                defaults.setdefault(p.name, None if p.default is p.empty else p.default)
        is_last = constructor is WrapperParameters.__init__
        if is_last or inspect.Parameter.VAR_KEYWORD not in kinds:
            break
    return MappingProxyType(defaults)


def _copied(value: Any, start: GivenModel | None) -> Any:
    made = copied(value)
    if start is not None and start.model is value and start.is_unchanged():
        start.restore(made)
    return made
