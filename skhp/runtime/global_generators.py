"""Private generators for each thread, in place of Python's and NumPy's global generators.

Keras draws the seeds of layers and initializers from Python's global generator, and a user's
builder may draw from both. A generator that threads share gives a thread the same numbers
again only if no other thread draws from it, so each thread gets private generators.
"""

from __future__ import annotations

import contextlib
import functools
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from skhp.compat.keras import fresh_keras_generator


@dataclass(frozen=True)
class Draw:
    """A number that was drawn from Python's or NumPy's global generator.

    Parameters
    ----------
    value : object
        The number.
    again : callable
        It draws another in the same way.
    """

    value: Any
    again: Callable[[], Any]


class _Private(threading.local):
    """What a thread has in place of the global generators.

    Attributes
    ----------
    generators : dict or None
        Its private generators, by the module that they replace; None without.
    draws : list of Draw or None
        What it has drawn; None if nobody wants to know.
    next_values : iterator or None
        What it draws next; None if a generator decides.
    """

    generators: dict[ModuleType, Any] | None = None
    draws: list[Draw] | None = None
    next_values: Iterator[Any] | None = None


_private = _Private()

# A seed for Python's generator is any int, NumPy's takes 32 bits.
_NUMPY_SEEDS = 2**32

_MODULES = (random, np.random)

# Functions of numpy.random that are not methods of its global generator.
_OTHER_NAMES = {"seed": "seed", "ranf": "random_sample", "sample": "random_sample"}


@contextlib.contextmanager
def seeded(seed: int | None, function: Callable[..., Any] | None = None) -> Iterator[None]:
    """Let this thread draw from private generators with a seed, for a while.

    The functions of `random` and `numpy.random`, and Keras's seeds, come from the private
    generators in this thread. The global generators are not touched, and other threads
    draw from them as before.

    Parameters
    ----------
    seed : int or None
        None to draw from the global generators.
    function : callable or None
        A function that is called in this context. Functions of the two modules that its own module
        imported by name are replaced too.
    """
    if seed is None:
        yield
        return
    before = _private.generators
    _private.generators = {
        random: random.Random(seed),
        np.random: np.random.RandomState(seed % _NUMPY_SEEDS),
    }
    try:
        with _replaced.in_use(_namespace(function)), fresh_keras_generator():
            yield
    finally:
        _private.generators = before


@contextlib.contextmanager
def noted_draws() -> Iterator[list[Draw]]:
    """Note what this thread draws from `random` and `numpy.random`, for a while."""
    before, _private.draws = _private.draws, []
    try:
        with _replaced.in_use({}):
            yield _private.draws
    finally:
        _private.draws = before


@contextlib.contextmanager
def repeated_draws(values: Iterable[Any]) -> Iterator[None]:
    """Let this thread draw these numbers again, for a while.

    Parameters
    ----------
    values : iterable
        The values of draws that `noted_draws` noted.
    """
    before, _private.next_values = _private.next_values, iter(values)
    try:
        with _replaced.in_use({}):
            yield
    finally:
        _private.next_values = before


def _namespace(function: Any) -> dict[str, Any]:
    """The global names that a callable sees; none for one written in C."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__globals__"):
        kind = function if isinstance(function, type) else type(function)
        function = getattr(kind, "__init__" if kind is function else "__call__", None)
    return getattr(function, "__globals__", {})


def _by_thread(module: ModuleType, method: str, original: Callable[..., Any]) -> Any:
    """A function that draws from this thread's private generator, if it has one."""

    @functools.wraps(original)
    def draw(*args: Any, **kwargs: Any) -> Any:
        own, next_values = _private.generators, _private.next_values
        if next_values is not None:
            return next(next_values)
        value = (original if own is None else getattr(own[module], method))(*args, **kwargs)
        if _private.draws is not None:
            _private.draws.append(Draw(value, functools.partial(draw, *args, **kwargs)))
        return value

    return draw


def _replacements() -> dict[Any, Any]:
    found = {}
    for module in _MODULES:
        generator = module.random.__self__
        for name, function in vars(module).items():
            if getattr(function, "__self__", None) is generator:
                found[function] = _by_thread(module, name, function)
    for name, method in _OTHER_NAMES.items():
        function = getattr(np.random, name)
        found[function] = _by_thread(np.random, method, function)
    return found


class _ReplacedFunctions:
    """The two modules' functions, replaced while any thread has private generators."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._replacements = _replacements()
        self._kinds = {type(function) for function in self._replacements}
        self._replaced: list[tuple[dict[str, Any], str, Any, Any]] = []

    @contextlib.contextmanager
    def in_use(self, namespace: dict[str, Any]) -> Iterator[None]:
        """Replace the functions in both modules and in a namespace, for a while."""
        with self._lock:
            self._users += 1
            for names in (*map(vars, _MODULES), namespace):
                self._replace(names)
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._restore()

    def _replace(self, names: dict[str, Any]) -> None:
        for name, value in list(names.items()):
            if type(value) not in self._kinds:
                continue  # it may have no hash
            replacement = self._replacements.get(value)
            if replacement is not None:
                names[name] = replacement
                self._replaced.append((names, name, value, replacement))

    def _restore(self) -> None:
        while self._replaced:
            names, name, original, replacement = self._replaced.pop()
            if names.get(name) is replacement:  # else somebody has set it meanwhile
                names[name] = original


_replaced = _ReplacedFunctions()
