"""A call of a model builder with the arguments that a wrapper gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from skhp.keras_objects.origins import root_of
from skhp.wrappers.builder import Builder
from skhp.wrappers.compile_arguments import compile_arguments_from
from skhp.wrappers.parameters import KERAS_ARGUMENTS
from skhp.wrappers.routing import route_params


def builder_call(estimator: Any, params: Mapping[str, Any], builder: Builder) -> BuilderCall:
    """The call of its builder that a fit of a wrapper makes.

    Parameters
    ----------
    estimator : BaseWrapper
    params : mapping of str to object
        Its parameters.
    builder : Builder

    Raises
    ------
    ValueError
        If an argument of the builder is given twice.
    """
    arguments = route_params(params, "model", nested=False)
    plain = [n for n in estimator._extra if "__" not in n and n not in KERAS_ARGUMENTS]
    plain += [name for name in _declared_by_user(estimator) if name in builder.names]
    for name in plain:
        if name in arguments:
            raise ValueError(
                f"{name!r} is given twice to the builder {builder.label}(): as {name}="
                f"{params[name]!r} and as model__{name}={arguments[name]!r}. Leave one out."
            )
        arguments[name] = params[name]
    return BuilderCall(builder, arguments, estimator._get_metadata(), params)


def _declared_by_user(estimator: Any) -> set[str]:
    """The parameters that the constructor of a user's subclass names."""
    own: Any = next(kind for kind in type(estimator).__mro__ if root_of(kind.__module__) == "skhp")
    return set(estimator._get_param_names()) - set(own._get_param_names())


@dataclass
class BuilderCall:
    """A call of a builder.

    Parameters
    ----------
    builder : Builder
    arguments : dict of str to object
        Those that the user sets.
    meta : dict of str to object
        What fit learned from the data.
    params : mapping of str to object
        Parameters of the estimator.
    """

    builder: Builder
    arguments: dict[str, Any]
    meta: dict[str, Any]
    params: Mapping[str, Any]

    def __call__(
        self, seed: int | None, copy_meta: Callable[[dict[str, Any]], dict[str, Any]] = dict
    ) -> Any:
        """Build a model.

        Parameters
        ----------
        seed : int or None
            Seed of the numbers that the builder draws.
        copy_meta : callable, default=dict
            Makes the copy of ``meta`` that the builder gets. The builder may write to it.
        """
        given = {
            "meta": lambda: copy_meta(self.meta),
            "compile_kwargs": lambda: compile_arguments_from(self.params),
            "params": lambda: dict(self.params),
        }
        taken = {name: make() for name, make in given.items() if self.builder.takes(name)}
        try:
            return self.builder({**self.arguments, **taken}, seed)
        except Exception as error:
            label = f"the builder {self.builder.label}()"
            error.add_note(f"Raised while {label} was called with {self.arguments}.")
            raise
