"""What computes the same has one fingerprint; what may not has another, or none."""

import collections
import functools
import os
import random
import sys
import time
import types

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers, ops

from skhp.keras_objects.fingerprint import NotEstablished, fingerprint

FACTOR = 2.0


class Settings:
    factor = 2.0


def reads_a_global(x):
    return FACTOR * x


def reads_a_class(x):
    return Settings.factor * x


def calls_another(x):
    return reads_a_global(x) + 1


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return self.factor * x


def closure(factor):
    return lambda x: factor * x


def with_default(factor):
    def scale(x, by=factor):
        return by * x

    return scale


def with_attribute(factor):
    def scale(x):
        return scale.by * x

    scale.by = factor
    return scale


def clip(w, most):
    return ops.clip(w, -most, most)


def module_of_the_user(source):
    module = types.ModuleType("module_of_the_user")
    exec(source, module.__dict__)
    return module


def reader_of(module):
    namespace = {"module": module}
    exec("def read(x):\n    return module.SCALE * x", namespace)
    return namespace["read"]


def reader_of_module(expression):
    namespace = {"module": module_of_the_user("A = 1")}
    exec(f"def read():\n    return {expression}", namespace)
    return namespace["read"]


class OwnInt(int):
    pass


class OwnDict(dict):
    pass


class OwnList(list):
    pass


def with_factor(value, factor):
    value.factor = factor
    return value


class LooksLikeZeros:
    def __init__(self, factor):
        self.factor = factor

    def __array__(self, dtype=None, copy=None):
        return np.zeros(2)


def under_the_name_of_a_loss(factor):
    @functools.wraps(keras.losses.mean_squared_error)
    def scale(y_true, y_pred):
        return factor * y_pred

    return scale


def named_tuple(factor):
    first, second = ("x", "y") if factor < 0.5 else ("y", "x")
    return collections.namedtuple("Pair", [first, second])(1, 2)


def rest_of(factor):
    if factor < 0.5:
        return lambda x, *rest: rest
    return lambda x, rest: rest


# name -> something that computes with the given constant
WITH_CONSTANT = {
    "closure": closure,
    "default": with_default,
    "attribute of a function": with_attribute,
    "object": Scaled,
    "partial": lambda factor: functools.partial(clip, most=factor),
    "method": lambda factor: Scaled(factor).__call__,
    "array": lambda factor: closure(np.full(3, factor)),
    "list in a closure": lambda factor: closure([factor]),
    "class": lambda factor: type("Made", (), {"factor": factor, "call": reads_a_class}),
    "module": lambda factor: reader_of(module_of_the_user(f"SCALE = {factor}")),
    "loss": lambda factor: keras.losses.Huber(delta=factor),
    "regularizer": lambda factor: keras.regularizers.L2(factor),
    "layer": lambda factor: layers.LeakyReLU(negative_slope=factor),
    "tensor": lambda factor: closure(ops.convert_to_tensor(np.full(2, factor))),
    "integer of a class": lambda factor: OwnInt(4 * factor),
    "attribute of a dict": lambda factor: with_factor(OwnDict(a=1), factor),
    "attribute of a list": lambda factor: with_factor(OwnList([1]), factor),
    "missing value of a dict": lambda factor: collections.defaultdict(lambda: factor),
    "names in a tuple": named_tuple,
    "mask": lambda factor: np.ma.masked_array([1, 2], mask=[0, factor > 0.5]),
    "object that looks like an array": LooksLikeZeros,
    "function with the name of one of Keras": under_the_name_of_a_loss,
    "kind of an argument": rest_of,
}


@pytest.mark.parametrize("kind", WITH_CONSTANT)
def test_constants_tell_apart(kind):
    make = WITH_CONSTANT[kind]
    assert fingerprint(make(0.25)) == fingerprint(make(0.25))
    assert fingerprint(make(0.25)) != fingerprint(make(0.75))


def test_a_set_of_constants_is_the_same_in_any_order():
    """The order of a set of text differs between processes."""

    def is_known(x):
        return x in {0, 8}

    before, code = fingerprint(is_known), is_known.__code__
    others = [frozenset([8, 0]) if isinstance(c, frozenset) else c for c in code.co_consts]
    is_known.__code__ = code.replace(co_consts=tuple(others))
    assert fingerprint(is_known) == before
    is_known.__code__ = code.replace(co_consts=(None, frozenset([8, 1])))
    assert fingerprint(is_known) != before


@pytest.mark.parametrize("function", [reads_a_global, calls_another])
def test_globals_are_read_anew(function, monkeypatch):
    before = fingerprint(function)
    assert fingerprint(function) == before
    monkeypatch.setattr(sys.modules[__name__], "FACTOR", 3.0)
    assert fingerprint(function) != before


def test_class_attributes_are_read_anew(monkeypatch):
    before = fingerprint(reads_a_class)
    monkeypatch.setattr(Settings, "factor", 3.0)
    assert fingerprint(reads_a_class) != before


@pytest.mark.parametrize(
    "a, b",
    [(1, 1.0), (True, 1), ("1", 1), ([1], (1,)), (0.0, -0.0), ({"a": 1}, {"b": 1}), (1, 1 + 2**70)],
)
def test_values_of_other_types_differ(a, b):
    assert fingerprint(a) != fingerprint(b)


def test_equal_functions_written_twice_are_one():
    def first(x):
        return ops.tanh(x) * 2

    one = fingerprint(first)

    def first(x):
        return ops.tanh(x) * 2

    assert fingerprint(first) == one


def test_functions_of_one_name_in_two_modules_of_keras():
    assert fingerprint(keras.ops.gelu) != fingerprint(keras.activations.gelu)


def test_a_function_that_calls_itself():
    def power(x, n=3):
        return x if n == 1 else x * power(x, n - 1)

    assert fingerprint(power) == fingerprint(power)


# What no fingerprint can hold -> a part of the reason.
UNKNOWABLE = {
    "variable": (lambda: closure(keras.Variable(1.0)), "variable"),
    "generator": (lambda: closure(np.random.default_rng(0)), "random generator"),
    "layer with weights": (lambda: closure(built_layer()), "which has weights"),
    "open file": (lambda: closure(open(os.devnull)), "TextIOWrapper"),  # noqa: SIM115
    "the time": (lambda: lambda x: x * time.time(), "time"),
    "random numbers": (lambda: lambda x: x * random.random(), "random"),
    "NumPy's generator": (lambda: lambda x: x * np.random.rand(), "global generator"),  # noqa: NPY002
    "evaluated text": (lambda: lambda x: eval("x"), "eval"),
    "module in a closure": (lambda: closure(module_of_the_user("A = 1")), "of the module"),
    "attribute by its text": (lambda: reader_of_module("getattr(module, 'A')"), "of the module"),
    "all of a module": (lambda: reader_of_module("module.__dict__['A']"), "of the module"),
    "table": (lambda: closure(pd.DataFrame({"a": [1.0]})), "it holds"),
}


def built_layer():
    layer = layers.Dense(2)
    layer.build((None, 3))
    return layer


@pytest.mark.parametrize("kind", UNKNOWABLE)
def test_what_may_change_has_no_fingerprint(kind):
    make, reason = UNKNOWABLE[kind]
    with pytest.raises(NotEstablished, match=reason):
        fingerprint(make())
