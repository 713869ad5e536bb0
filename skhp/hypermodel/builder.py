"""A builder with keyword arguments, made from a build function that takes `hp`."""

from __future__ import annotations

import copy
import inspect
import keyword
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import cloudpickle

from skhp import runtime
from skhp.hypermodel.hyperparameters import HyperParameters
from skhp.hypermodel.ranges import Definition, SpaceError

# Arguments of a builder that an estimator sets, in addition to its parameters.
_OFFERED = ("meta", "compile_kwargs")


class HypermodelBuilder:
    """A builder that passes its keyword arguments to a build function as hyperparameters.

    Parameters
    ----------
    source : callable or keras_tuner.HyperModel
        ``build(hp)``, or an object with such a method.
    definitions : mapping of str to Choice or Number
        The registered hyperparameters by name.
    names : mapping of str to str
        The registered name of each keyword argument.

    Attributes
    ----------
    __signature__ : inspect.Signature
        The keyword arguments with their defaults, for `inspect.signature`.
    """

    def __init__(
        self, source: Any, definitions: Mapping[str, Definition], names: Mapping[str, str]
    ) -> None:
        self.source = source
        self.definitions = dict(definitions)
        self.names = dict(names)
        self.__name__ = self.__qualname__ = name_of(source)
        self.__doc__ = inspect.getdoc(source)
        self.__signature__ = _signature(offered_to(source), self.definitions, self.names)

    def __call__(self, **arguments: Any) -> Any:
        """Build the model.

        Parameters
        ----------
        **arguments : object
            Values of hyperparameters. The others keep their defaults. A value is ignored
            if the condition of its hyperparameter does not hold.

        Returns
        -------
        keras.Model

        Raises
        ------
        TypeError
            If an argument is unknown, or the build function does not return a model.
        ValueError
            If a value is out of its range.
        """
        offered = {n: arguments.pop(n) for n in offered_to(self.source) if n in arguments}
        unknown = set(arguments) - set(self.names)
        if unknown:
            raise TypeError(
                f"{self.__name__} has no hyperparameters {sorted(unknown)}. It has "
                f"{sorted(self.names)}."
            )
        wanted = {self.names[argument]: value for argument, value in arguments.items()}
        hp = HyperParameters(wanted, self.definitions)
        model = run_build(self.source, hp, offered)
        self._warn_of_unknown(hp)
        return model

    def _warn_of_unknown(self, hp: HyperParameters) -> None:
        unknown = [name for name in hp.registered if name not in self.definitions]
        if unknown:
            warnings.warn(
                f"{self.__name__} registered {unknown}, which from_hypermodel did not find. "
                "They have their defaults and are not searched. Register them in every build, "
                "inside hp.conditional_scope if they do not always apply.",
                stacklevel=3,
            )

    def __repr__(self) -> str:
        return f"HypermodelBuilder({self.__name__})"

    def __deepcopy__(self, memo: dict[int, Any]) -> HypermodelBuilder:
        return HypermodelBuilder(copy.deepcopy(self.source, memo), self.definitions, self.names)

    def __reduce__(self) -> Any:
        # cloudpickle, because build functions are often written in notebooks or closures.
        return _restored, (cloudpickle.dumps(self.source), self.definitions, self.names)


def _restored(
    source: bytes, definitions: Mapping[str, Definition], names: Mapping[str, str]
) -> HypermodelBuilder:
    return HypermodelBuilder(cloudpickle.loads(source), definitions, names)


def _signature(
    offered: Iterable[str], definitions: Mapping[str, Definition], names: Mapping[str, str]
) -> inspect.Signature:
    only = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [inspect.Parameter(name, only, default=None) for name in offered]
        + [inspect.Parameter(n, only, default=definitions[h].default) for n, h in names.items()]
    )


def run_build(source: Any, hp: HyperParameters, offered: Mapping[str, Any]) -> Any:
    """Run a build function or a HyperModel, and check that it returns a model.

    Parameters
    ----------
    source : callable or keras_tuner.HyperModel
    hp : HyperParameters
    offered : mapping of str to object
        Further arguments that it takes.

    Returns
    -------
    keras.Model

    Raises
    ------
    TypeError
        If it does not return a model.
    """
    runtime.start()
    import keras

    getattr(source, "declare_hyperparameters", _declare_nothing)(hp)
    model = build_of(source)(hp, **offered)
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"{name_of(source)} must return a keras.Model. It returned {model!r} of type "
            f"{type(model).__name__}. Does it end with `return model`?"
        )
    return model


def _declare_nothing(hp: HyperParameters) -> None:
    """Replace ``declare_hyperparameters`` for functions, which do not have it."""


def build_of(source: Any) -> Callable[..., Any]:
    """The function that takes `hp`: the method of a HyperModel, or the function itself."""
    return source if inspect.isroutine(source) or inspect.isclass(source) else _method(source)


def _method(source: Any) -> Callable[..., Any]:
    return getattr(source, "build", source)


def name_of(source: Any) -> str:
    """The name of a build function or HyperModel in messages."""
    return getattr(source, "__name__", None) or type(source).__name__


def offered_to(source: Any) -> list[str]:
    """Which of ``meta`` and ``compile_kwargs`` a build function takes."""
    # A HyperModel hides its method behind a wrapper that takes anything.
    build = getattr(type(source), "build", None) or build_of(source)
    return [name for name in _OFFERED if name in inspect.signature(build).parameters]


def parameter_names(registered: Iterable[str], reserved: Collection[str]) -> dict[str, str]:
    """Make names of estimator parameters from names of hyperparameters.

    Parameters
    ----------
    registered : iterable of str
        Registered names, which may be any text.
    reserved : collection of str
        Names that the estimator itself uses.

    Returns
    -------
    dict of str to str
        The registered name of each parameter. Characters that are not allowed in an
        identifier become underscores. Several underscores in a row become one, because "__"
        has a meaning in scikit-learn, and those at the ends are removed. A result that is
        reserved, a keyword of Python or not an identifier gets the prefix "hp_".

    Raises
    ------
    SpaceError
        If two names become the same.

    Examples
    --------
    >>> parameter_names(["units", "conv/size", "optimizer", "lambda", "1st"], {"optimizer"})
    {'units': 'units', 'conv_size': 'conv/size', 'hp_optimizer': 'optimizer',
     'hp_lambda': 'lambda', 'hp_1st': '1st'}
    >>> parameter_names(["conv/size", "conv size"], set())
    Traceback (most recent call last):
        ...
    skhp.hypermodel.ranges.SpaceError: 'conv/size' and 'conv size' both become ...
    """
    names: dict[str, str] = {}
    for name in registered:
        clean = re.sub(r"[\W_]+", "_", name).strip("_")
        if not clean.isidentifier() or keyword.iskeyword(clean) or clean in reserved:
            clean = f"hp_{clean}"
        if clean in names:
            raise SpaceError(
                f"{names[clean]!r} and {name!r} both become the parameter {clean!r}. Rename one."
            )
        names[clean] = name
    return names
