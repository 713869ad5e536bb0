"""Allowed values: what scikit-learn's own check of parameters allows and says."""

from fractions import Fraction
from numbers import Integral, Real

import numpy as np
import pytest
from scipy.sparse import csr_array

from skhp.fitting.allowed_values import (
    ARRAY_LIKE,
    BOOLEAN,
    CALLABLE,
    NONE,
    RANDOM_STATE,
    VERBOSE,
    any_of,
    check_values,
    float_from,
    instance_of,
    int_from,
    object_with,
    text,
)

theirs = pytest.importorskip("sklearn.utils._param_validation")


class Callback:
    def set_model(self, model): ...


KINDS = {
    "int": (int_from(1), theirs.Interval(Integral, 1, None, closed="left")),
    "int to": (int_from(0, 1000), theirs.Interval(Integral, 0, 1000, closed="both")),
    "float": (float_from(0), theirs.Interval(Real, 0, None, closed="left")),
    "share": (float_from(0, 1), theirs.Interval(Real, 0, 1, closed="left")),
    "positive": (
        float_from(0, low_included=False),
        theirs.Interval(Real, 0, None, closed="neither"),
    ),
    "methods": (object_with("set_model"), theirs.HasMethods(["set_model"])),
    "two methods": (object_with("append", "pop"), theirs.HasMethods(["append", "pop"])),
    "text": (text("balanced"), theirs.StrOptions({"balanced"})),
    "str": (instance_of(str), str),
    "dict": (instance_of(dict), dict),
    "None": (NONE, None),
    "callable": (CALLABLE, callable),
    "array-like": (ARRAY_LIKE, "array-like"),
    "boolean": (BOOLEAN, "boolean"),
    "random_state": (RANDOM_STATE, "random_state"),
    "verbose": (VERBOSE, "verbose"),
}
VALUES = [
    0, 1, 5, -1, 1000, 1001, 2**32, 0.0, 0.5, 1.0, -0.5, np.nan, np.inf, np.int8(3),
    np.float32(0.5), None, "balanced", "other", "", b"bytes", {}, {"a": 1}, [], [1, 2], (1,),
    np.ones(2), np.ones(()), csr_array([[1, 0]]), print, dict, Callback(), Callback,
    np.random.RandomState(0), np.random.default_rng(0), 1 + 2j,
]  # fmt: skip


def error_of(check, kinds, value):
    try:
        check({"p": kinds}, {"p": value}, "Net")
    except (ValueError, TypeError) as error:
        return str(error)
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_allowed_is_as_in_scikit_learn(kind):
    own, other = KINDS[kind]
    for value in VALUES:
        expected = error_of(theirs.validate_parameter_constraints, [other], value)
        assert error_of(check_values, [own], value) == expected


def test_several_kinds_are_as_in_scikit_learn():
    own, other = zip(*(KINDS[kind] for kind in ("int", "text", "None")), strict=True)
    for value in VALUES:
        expected = error_of(theirs.validate_parameter_constraints, list(other), value)
        assert error_of(check_values, own, value) == expected
        assert error_of(check_values, [any_of(*own)], value) == expected


def test_numbers_are_not_flags_and_may_be_fractions():
    assert not int_from(0).holds(True) and not float_from(0, 2).holds(np.True_)
    assert float_from(0, 1).holds(Fraction(1, 2)) and not float_from(0, 1).holds(Fraction(3, 2))


def test_the_error_is_of_both_kinds():
    for kind in (ValueError, TypeError):
        with pytest.raises(kind, match="The 'width' parameter of Net must be an int"):
            check_values({"width": [int_from(1)]}, {"width": "wide"}, "Net")
