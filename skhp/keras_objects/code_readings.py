"""Functions, classes and modules as plain values, with all that their code reads."""

from __future__ import annotations

import builtins
import dis
import functools
import inspect
import itertools
import sys
from typing import Any, NamedTuple

from skhp.keras_objects.origins import STABLE_MODULES, is_installed, is_library, root_of
from skhp.keras_objects.reading import NotEstablished, Reader

# Built-in functions whose results depend on more than a fingerprint can hold.
_UNKNOWABLE_BUILTINS = frozenset(
    {"__import__", "breakpoint", "compile", "eval", "exec", "globals", "input", "locals", "open"}
)


# What Python and pickle add to a class, and no code of the class reads.
_CLASS_NOTES = frozenset(
    {
        "__abstractmethods__", "__annotate__", "__annotations__", "__annotations_cache__",
        "__dict__", "__doc__", "__firstlineno__", "__module__", "__orig_bases__",
        "__parameters__", "__qualname__", "__slotnames__", "__static_attributes__",
        "__weakref__", "_abc_impl",
    }
)  # fmt: skip


def read_function(reader: Reader, function: Any) -> Any:
    """A function: its name if it belongs to a library, else its code and what the code reads."""
    if is_library(function):
        return _read_library_name(reader, function)
    reader.has_own_code = True
    return _read_own_function(reader, function)


def _read_library_name(reader: Reader, thing: Any) -> Any:
    """A function or class of a library: its name is enough."""
    module, name = thing.__module__, thing.__qualname__
    reader.has_own_code |= root_of(module) not in STABLE_MODULES
    reader.libraries.add(root_of(module))
    if inspect.isfunction(thing):
        reader.names.update(module.split("."))
        if "<locals>" in name:
            return _read_own_function(reader, thing)
    return ("named", module, name)


def _read_own_function(reader: Reader, function: Any) -> Any:
    code = function.__code__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    return (
        "function",
        read_code(code),
        reader.read(function.__defaults__),
        reader.read(function.__kwdefaults__),
        tuple((name, _read_cell(reader, cell)) for name, cell in cells),
        _globals_read(reader, code, function.__globals__),
        reader.attributes(function, left_out=("__wrapped__",)),
    )


def _read_cell(reader: Reader, cell: Any) -> Any:
    try:
        return reader.read(cell.cell_contents)
    except ValueError as error:
        if isinstance(error, NotEstablished):
            raise
        return ("empty",)  # a name that is not assigned yet


def read_code(code: Any) -> Any:
    """A code object as plain values, equal in all processes, without its place in a file.

    Parameters
    ----------
    code : code
    """
    constants = tuple(map(_read_constant, code.co_consts))
    names = (code.co_names, code.co_varnames, code.co_freevars)
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    return (code.co_code.hex(), code.co_exceptiontable.hex(), *names, constants, counts)


def _read_constant(constant: Any) -> Any:
    if inspect.iscode(constant):
        return read_code(constant)
    if isinstance(constant, frozenset):  # its order differs between processes
        return ("frozenset", sorted(map(repr, constant)))
    return (type(constant).__name__, repr(constant))


class _Names(NamedTuple):
    """The names in a code object.

    Parameters
    ----------
    globals, attributes, imports : frozenset of str
        The global names, attributes and imported modules.
    passed_on : frozenset of str
        Names with which the code does more than read an attribute.
    """

    globals: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    passed_on: frozenset[str] = frozenset()

    def with_those_of(self, other: _Names) -> _Names:
        """The names in both."""
        return _Names(*(a | b for a, b in zip(self, other, strict=True)))


@functools.lru_cache(maxsize=4096)
def _names_in(code: Any) -> _Names:
    found: dict[str, set[str]] = {kind: set() for kind in _Names._fields}
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    for step, following in itertools.zip_longest(steps, steps[1:]):
        if step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            raise NotEstablished(f"the code of {code.co_name} changes the global {step.argval!r}")
        if kind := _NAMING_OPERATIONS.get(step.opname):
            found[kind].add(str(step.argval))
            if following is None or following.opname not in _READING_OPERATIONS:
                found["passed_on"].add(str(step.argval))
    names = _Names(**{kind: frozenset(values) for kind, values in found.items()})
    within = map(_names_in, filter(inspect.iscode, code.co_consts))
    return functools.reduce(_Names.with_those_of, within, names)


_READING_OPERATIONS = frozenset({"LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM", "STORE_ATTR"})

_NAMING_OPERATIONS = {
    "LOAD_GLOBAL": "globals", "LOAD_NAME": "globals", "LOAD_ATTR": "attributes",
    "LOAD_METHOD": "attributes", "LOAD_SUPER_ATTR": "attributes", "IMPORT_FROM": "attributes",
    "STORE_ATTR": "attributes", "IMPORT_NAME": "imports",
}  # fmt: skip


def _globals_read(reader: Reader, code: Any, variables: dict[str, Any]) -> Any:
    names = _names_in(code)
    reader.names.update(names.globals, names.attributes)
    found = []
    for name in sorted(names.globals):
        if name in variables:
            found.append((name, _named_value(reader, name, variables[name], names)))
        elif name in _UNKNOWABLE_BUILTINS and hasattr(builtins, name):
            raise NotEstablished(f"the code of {code.co_name} calls {name}()")
    for name in sorted(names.imports):
        module = sys.modules.get(name)
        if module is None:
            raise NotEstablished(f"the code of {code.co_name} imports {name}")
        found.append((name, _named_value(reader, name, module, names)))
    return tuple(found)


def _named_value(reader: Reader, name: str, value: Any, names: _Names) -> Any:
    if not inspect.ismodule(value):
        return reader.read(value)
    if name in names.passed_on:
        return read_module(reader, value)
    return _read_module(reader, value, names)


def read_module(reader: Reader, module: Any) -> Any:
    """A module, if it is not known what some code reads of it."""
    return _read_module(reader, module, None)


def _read_module(reader: Reader, module: Any, names: _Names | None) -> Any:
    name = module.__name__
    if root_of(name) in STABLE_MODULES:
        reader.libraries.add(root_of(name))
        if name == "numpy.random" or (name == "numpy" and names and "random" in names.attributes):
            raise NotEstablished("it draws from NumPy's global generator")
        return ("module", name)
    if root_of(name) in sys.stdlib_module_names:
        raise NotEstablished(f"it reads the module {name}")
    if is_installed(name):
        reader.has_own_code = True
        reader.libraries.add(root_of(name))
        return ("module", name)
    if names is None or "__dict__" in names.attributes or "__getattr__" in vars(module):
        raise NotEstablished(f"it is not known what it reads of the module {name}")
    found = sorted(names.attributes & vars(module).keys())
    return (
        "module",
        name,
        tuple((n, _named_value(reader, n, vars(module)[n], names)) for n in found),
    )


def read_class(reader: Reader, kind: Any) -> Any:
    """A class: its name if it belongs to a library, else its bases and members."""
    if is_library(kind):
        return _read_library_name(reader, kind)
    if root_of(kind.__module__) in sys.stdlib_module_names - {"__main__"}:
        raise NotEstablished(f"it uses {kind.__module__}.{kind.__qualname__}")
    reader.has_own_code = True
    members = {n: v for n, v in vars(kind).items() if n not in _CLASS_NOTES}
    return (
        "class",
        kind.__qualname__,
        tuple(reader.read(base) for base in kind.__bases__),
        tuple((name, reader.read(members[name])) for name in sorted(members)),
    )


def read_builtin(reader: Reader, function: Any) -> Any:
    """A function or method that is written in C."""
    owner = getattr(function, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):
        return ("method", function.__name__, reader.read(owner))
    module = getattr(function, "__module__", None) or ""
    if root_of(module) not in STABLE_MODULES and not is_installed(module):
        raise NotEstablished(f"it calls {module}.{function.__name__}")
    reader.libraries.add(root_of(module))
    reader.names.update(module.split("."))
    return ("named", module, function.__name__)
