"""Fingerprints: what an object computes, as a text that only equal objects have in common.

Two models may share a compiled program only where they compute the same. A fingerprint is
made from everything that can change the result: the code of the user's functions and
classes, the attributes of objects, and the values of the global names and the closures that
the code reads. Where something cannot be told, such as the state of a random generator,
there is no fingerprint, and `NotEstablished` says why.
"""

from __future__ import annotations

import builtins
import dis
import enum
import functools
import hashlib
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from skhp import runtime
from skhp.compat.keras import NAME_ATTRIBUTES, SEED_ATTRIBUTES, bookkeeping_attributes

runtime.start()

import keras  # noqa: E402


class NotEstablished(ValueError):
    """It cannot be told whether an object computes the same as another."""


class FingerprintReader:
    """Reads objects into nested tuples of plain values.

    Parameters
    ----------
    known : mapping of int to tuple, optional
        What to write for some objects, by their ``id``: the variables and layers of the
        model at hand, for example.

    Attributes
    ----------
    has_own_code : bool
        Whether any function or class that was read belongs neither to Python nor to Keras.
    """

    def __init__(self, known: Mapping[int, tuple[Any, ...]] | None = None) -> None:
        self.has_own_code = False
        self._known = dict(known or {})
        self._done: dict[int, Any] = {}
        self._open: list[int] = []
        self._kept: list[Any] = []  # an id is only unique while its object lives

    def read(self, value: Any) -> Any:
        """One object.

        Raises
        ------
        NotEstablished
            If the object, or something that it holds, cannot be told from others.
        """
        if value is None or value is Ellipsis or type(value) in _PLAIN:
            return (type(value).__name__, repr(value))
        key = id(value)
        if key in self._known:
            return self._known[key]
        if key in self._done:
            return self._done[key]
        if key in self._open:  # a function that calls itself
            return ("within", len(self._open) - self._open.index(key))
        self._open.append(key)
        self._kept.append(value)
        try:
            result = self._read_by_kind(value)
        finally:
            self._open.pop()
        self._done[key] = result
        return result

    def _read_by_kind(self, value: Any) -> Any:
        for is_kind, read in _KINDS:
            if is_kind(value):
                return read(self, value)
        return _read_object(self, value)

    def attributes(self, value: Any, left_out: Iterable[str] = ()) -> tuple[Any, ...]:
        """The attributes of an object, in the order of their names."""
        found = {**_slots(value), **getattr(value, "__dict__", {})}
        names = sorted(name for name in found if name not in left_out)
        return tuple((name, self.read(found[name])) for name in names)


def fingerprint(value: Any) -> str:
    """A digest that two objects have in common only where they compute the same.

    Parameters
    ----------
    value : object

    Raises
    ------
    NotEstablished
        If the object cannot be told from others.

    Examples
    --------
    >>> def scaled_by(factor):
    ...     return lambda x: factor * x
    >>> fingerprint(scaled_by(2)) == fingerprint(scaled_by(2))
    True
    >>> fingerprint(scaled_by(2)) == fingerprint(scaled_by(3))
    False
    """
    return digest(established(FingerprintReader().read, value))


def established(read: Callable[..., Any], *args: Any) -> Any:
    """Call a reading function; any error in it becomes `NotEstablished`."""
    try:
        return read(*args)
    except NotEstablished:
        raise
    except Exception as error:
        raise NotEstablished(f"it cannot be read ({type(error).__name__}: {error})") from error


def digest(parts: Any) -> str:
    """A short digest of nested tuples of plain values."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


_PLAIN = (bool, int, float, complex, str, bytes)

# Modules whose functions give the same for the same arguments, in one process.
_STABLE_MODULES = frozenset(
    {
        "abc", "builtins", "collections", "contextlib", "copy", "dataclasses", "enum",
        "functools", "inspect", "itertools", "jax", "keras", "logging", "math", "numbers",
        "numpy", "operator", "re", "scipy", "string", "tensorflow", "types", "typing",
        "typing_extensions", "warnings",
    }
)  # fmt: skip

# Built-in functions that read what no fingerprint can hold.
_UNKNOWABLE_BUILTINS = frozenset(
    {"__import__", "breakpoint", "compile", "eval", "exec", "globals", "input", "locals", "open"}
)

# What Python and pickle note on a class, which no code of the class reads.
_CLASS_NOTES = frozenset(
    {
        "__abstractmethods__", "__annotate__", "__annotations__", "__annotations_cache__",
        "__dict__", "__doc__", "__firstlineno__", "__module__", "__orig_bases__",
        "__parameters__", "__qualname__", "__slotnames__", "__static_attributes__",
        "__weakref__", "_abc_impl",
    }
)  # fmt: skip


def root_of(module: str | None) -> str:
    """The first part of a module's dotted name."""
    return (module or "").split(".")[0]


def is_keras_own(thing: Any) -> bool:
    """Whether a function or class comes with Keras."""
    return root_of(getattr(thing, "__module__", "")) == "keras"


def _is_installed(module: str | None) -> bool:
    if module == "__main__":  # code of a notebook; its file is that of the kernel
        return False
    file = getattr(sys.modules.get(module or ""), "__file__", None) or ""
    return "site-packages" in file or "dist-packages" in file


def _is_library(thing: Any) -> bool:
    """Whether a function or class belongs to Python or to an installed package."""
    module = getattr(thing, "__module__", None)
    if root_of(module) in _STABLE_MODULES or root_of(module) == "skhp":
        return True
    return root_of(module) not in sys.stdlib_module_names and _is_installed(module)


def _by_name(reader: FingerprintReader, thing: Any) -> Any:
    """A function or class of a library: it is the one of that name."""
    module, name = thing.__module__, thing.__qualname__
    reader.has_own_code |= root_of(module) not in _STABLE_MODULES
    if "<locals>" in name and inspect.isfunction(thing):
        return _read_own_function(reader, thing)
    return ("named", module, name)


def _read_function(reader: FingerprintReader, function: Any) -> Any:
    if _is_library(function):
        return _by_name(reader, function)
    reader.has_own_code = True
    return _read_own_function(reader, function)


def _read_own_function(reader: FingerprintReader, function: Any) -> Any:
    code = function.__code__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    return (
        "function",
        _code(code),
        reader.read(function.__defaults__),
        reader.read(function.__kwdefaults__),
        tuple((name, _read_cell(reader, cell)) for name, cell in cells),
        _globals_read(reader, code, function.__globals__),
        reader.attributes(function, left_out=("__wrapped__",)),
    )


def _read_cell(reader: FingerprintReader, cell: Any) -> Any:
    try:
        return reader.read(cell.cell_contents)
    except ValueError as error:
        if isinstance(error, NotEstablished):
            raise
        return ("empty",)  # a name that is not assigned yet


def _code(code: Any) -> Any:
    constants = tuple(
        _code(constant) if inspect.iscode(constant) else (type(constant).__name__, repr(constant))
        for constant in code.co_consts
    )
    return (code.co_code.hex(), code.co_names, code.co_varnames, code.co_freevars, constants)


@functools.lru_cache(maxsize=4096)
def _names_in(code: Any) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The global names, attributes and imported modules that a code object names."""
    found: dict[str, dict[str, None]] = {"global": {}, "attribute": {}, "import": {}}
    for instruction in dis.get_instructions(code):
        if kind := _NAMING_OPERATIONS.get(instruction.opname):
            found[kind][str(instruction.argval)] = None
        if instruction.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            raise NotEstablished(
                f"the code of {code.co_name} changes the global {instruction.argval!r}"
            )
    for constant in code.co_consts:
        if inspect.iscode(constant):
            for kind, names in zip(found, _names_in(constant), strict=True):
                found[kind] |= dict.fromkeys(names)
    return tuple(found["global"]), tuple(found["attribute"]), tuple(found["import"])


_NAMING_OPERATIONS = {
    "LOAD_GLOBAL": "global", "LOAD_NAME": "global", "LOAD_ATTR": "attribute",
    "LOAD_METHOD": "attribute", "LOAD_SUPER_ATTR": "attribute", "IMPORT_FROM": "attribute",
    "IMPORT_NAME": "import",
}  # fmt: skip


def _globals_read(reader: FingerprintReader, code: Any, variables: dict[str, Any]) -> Any:
    names, attributes, imports = _names_in(code)
    found = []
    for name in names:
        if name in variables:
            value = variables[name]
            read = _read_module(reader, value, attributes) if inspect.ismodule(value) else None
            found.append((name, read or reader.read(value)))
        elif name in _UNKNOWABLE_BUILTINS and hasattr(builtins, name):
            raise NotEstablished(f"the code of {code.co_name} calls {name}()")
    for name in imports:
        module = sys.modules.get(name)
        if module is None:
            raise NotEstablished(f"the code of {code.co_name} imports {name}")
        found.append((name, _read_module(reader, module, attributes)))
    return tuple(found)


def _read_module(reader: FingerprintReader, module: Any, attributes: tuple[str, ...]) -> Any:
    """A module, as far as some code reads its attributes."""
    name = module.__name__
    if root_of(name) in _STABLE_MODULES:
        if name == "numpy.random" or (name == "numpy" and "random" in attributes):
            raise NotEstablished("it draws from NumPy's global generator")
        return ("module", name)
    if root_of(name) in sys.stdlib_module_names:
        raise NotEstablished(f"it reads the module {name}")
    if _is_installed(name):
        reader.has_own_code = True
        return ("module", name)
    found = []
    for attribute in attributes:
        if attribute in vars(module):
            value = vars(module)[attribute]
            is_module = inspect.ismodule(value)
            read = _read_module(reader, value, attributes) if is_module else reader.read(value)
            found.append((attribute, read))
    return ("module", name, tuple(found))


def _read_class(reader: FingerprintReader, kind: Any) -> Any:
    if _is_library(kind):
        return _by_name(reader, kind)
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


def _read_builtin(reader: FingerprintReader, function: Any) -> Any:
    owner = getattr(function, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):
        return ("method", function.__name__, reader.read(owner))
    module = getattr(function, "__module__", None)
    if root_of(module) not in _STABLE_MODULES and not _is_installed(module):
        raise NotEstablished(f"it calls {module}.{function.__name__}")
    return ("named", module, function.__name__)


def _read_object(reader: FingerprintReader, value: Any) -> Any:
    kind = type(value)
    of_backend = root_of(kind.__module__) in ("tensorflow", "jax", "jaxlib")
    if of_backend or not (_has_vars(value) or _slots(value)):
        raise NotEstablished(f"it holds a {kind.__module__}.{kind.__qualname__}")
    return ("object", reader.read(kind), reader.attributes(value, left_out=_bookkeeping_of(value)))


def _slots(value: Any) -> dict[str, Any]:
    found = {}
    for kind in type(value).__mro__:
        names = vars(kind).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def _read_array(reader: FingerprintReader, value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return ("array", array.shape, tuple(reader.read(item) for item in array.ravel().tolist()))
    data = hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
    return (type(value).__name__, array.dtype.str, array.shape, data)


def _refuse(what: str) -> Callable[[FingerprintReader, Any], Any]:
    def read(reader: FingerprintReader, value: Any) -> Any:
        raise NotEstablished(f"it holds {what}")

    return read


def _read_layer(reader: FingerprintReader, layer: Any) -> Any:
    """A layer outside of the model: an activation given as a layer, for example."""
    if layer.variables:
        raise NotEstablished(f"it holds the layer {type(layer).__name__}, which has weights")
    return layer_state(reader, layer)


def layer_state(reader: FingerprintReader, layer: Any) -> Any:
    """Class and attributes of a layer, but for its name and what Keras notes on it."""
    return ("layer", reader.read(type(layer)), reader.attributes(layer, _bookkeeping_of(layer)))


def _bookkeeping_of(value: Any) -> frozenset[str]:
    names = bookkeeping_attributes(value)
    if _is_keras_object(value):
        names |= set(NAME_ATTRIBUTES)
    if isinstance(value, keras.initializers.Initializer) and is_keras_own(type(value)):
        names |= set(SEED_ATTRIBUTES)  # it decides only how the first weights are drawn
    tracked = vars(value) if _has_vars(value) else ()
    return names | {name for name in tracked if name.startswith("_self_")}


def _has_vars(value: Any) -> bool:
    return hasattr(value, "__dict__")


def _is_keras_object(value: Any) -> bool:
    return any(is_keras_own(kind) for kind in type(value).__mro__)


def _read_enum(reader: FingerprintReader, member: Any) -> Any:
    return ("enum", type(member).__qualname__, member.name, repr(member.value))


def _read_metric(reader: FingerprintReader, metric: Any) -> Any:
    for variable in metric.variables:  # they are set to zero before each epoch
        reader._known[id(variable)] = ("state", str(variable.dtype), tuple(variable.shape))
    return _read_object(reader, metric)


def _is_any(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kinds)


def _items(reader: FingerprintReader, values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(reader.read(value) for value in values)


# What an object is -> how it is read; the first that fits.
_KINDS: list[tuple[Callable[[Any], bool], Callable[[FingerprintReader, Any], Any]]] = [
    (inspect.isclass, _read_class),
    (inspect.isfunction, _read_function),
    (inspect.isbuiltin, _read_builtin),
    (inspect.ismodule, lambda reader, value: _read_module(reader, value, ())),
    (_is_any(enum.Enum), _read_enum),
    (inspect.ismethod, lambda r, v: ("method", r.read(v.__func__), r.read(v.__self__))),
    (
        _is_any(functools.partial),
        lambda r, v: ("partial", r.read(v.func), r.read(v.args), r.read(v.keywords)),
    ),
    (_is_any(staticmethod, classmethod), lambda r, v: (type(v).__name__, r.read(v.__func__))),
    (_is_any(property), lambda r, v: ("property", *_items(r, (v.fget, v.fset, v.fdel)))),
    (_is_any(functools.cached_property), lambda r, v: ("cached", r.read(v.func))),
    (
        _is_any(
            types.MemberDescriptorType,
            types.GetSetDescriptorType,
            types.WrapperDescriptorType,
            types.MethodDescriptorType,
            types.ClassMethodDescriptorType,
            types.MethodWrapperType,
        ),
        lambda r, v: ("descriptor", v.__qualname__),
    ),
    (_is_any(np.ufunc), lambda r, v: ("ufunc", v.__name__)),
    (_is_any(np.dtype), lambda r, v: ("dtype", v.str)),
    (lambda v: type(v).__name__ == "TensorShape", lambda r, v: ("shape", str(v))),
    (_is_any(slice, range), lambda r, v: (type(v).__name__, repr(v))),
    (_is_any(keras.Variable), _refuse("a variable, whose value may change")),
    (_is_any(keras.KerasTensor), lambda r, v: ("tensor", v.shape, v.dtype, v.sparse)),
    (_is_any(keras.random.SeedGenerator), _refuse("a random generator")),
    (_is_any(np.random.Generator, np.random.RandomState), _refuse("a random generator")),
    (_is_any(keras.metrics.Metric), _read_metric),
    (_is_any(keras.layers.Layer), _read_layer),
    (_is_any(list, tuple), lambda r, v: ("sequence", isinstance(v, list), _items(r, v))),
    (_is_any(set, frozenset), lambda r, v: ("set", tuple(sorted(map(repr, _items(r, v)))))),
    (
        _is_any(Mapping),
        lambda r, v: ("mapping", tuple((r.read(key), r.read(item)) for key, item in v.items())),
    ),
    (lambda value: hasattr(value, "read_value"), _refuse("a variable, whose value may change")),
    (lambda value: hasattr(value, "python_function"), lambda r, v: r.read(v.python_function)),
    (lambda value: hasattr(value, "__array__"), _read_array),
]
