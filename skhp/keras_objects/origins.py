"""Whose code a function or class is: Python's, Keras's, an installed package's or the user's."""

from __future__ import annotations

import sys
from typing import Any

# Modules whose functions give the same for the same arguments, in one process.
STABLE_MODULES = frozenset(
    {
        "abc", "builtins", "collections", "contextlib", "copy", "dataclasses", "enum",
        "functools", "inspect", "itertools", "jax", "keras", "logging", "math", "numbers",
        "numpy", "operator", "re", "scipy", "string", "tensorflow", "types", "typing",
        "typing_extensions", "warnings",
    }
)  # fmt: skip


def root_of(module: str | None) -> str:
    """The first part of a module's dotted name."""
    return (module or "").split(".")[0]


def is_keras_own(thing: Any) -> bool:
    """Whether a function or class comes with Keras."""
    return root_of(getattr(thing, "__module__", "")) == "keras"


def is_installed(module: str | None) -> bool:
    """Whether a module is part of an installed package."""
    if module == "__main__":  # code of a notebook; its file is that of the kernel
        return False
    file = getattr(sys.modules.get(module or ""), "__file__", None) or ""
    return "site-packages" in file or "dist-packages" in file


def is_library(thing: Any) -> bool:
    """Whether a function or class belongs to Python or to an installed package."""
    # `functools.wraps` gives a user's function the module of the function that it wraps.
    written_in = getattr(thing, "__globals__", {}).get("__name__")
    return all(map(_is_of_library, {thing.__module__, written_in or thing.__module__}))


def _is_of_library(module: str | None) -> bool:
    if root_of(module) in STABLE_MODULES or root_of(module) == "skhp":
        return True
    return root_of(module) not in sys.stdlib_module_names and is_installed(module)
