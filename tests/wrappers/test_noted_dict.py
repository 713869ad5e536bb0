"""A dict that notes what was read of it, also by functions that are written in C."""

import collections
import copy
import json
import operator
import pickle
import string
import types

import pytest

from skhp.wrappers.repeated_builds.noted_dict import NotedDict


def by_match(values):
    match values:
        case {"a": found}:
            return found


def updated(values):
    found = {}
    found.update(values)
    return found


ALL = [
    dict, copy.copy, copy.deepcopy, json.dumps, pickle.dumps, repr, list, updated,
    collections.OrderedDict, collections.UserDict, collections.Counter,
    lambda values: dict(**values),
    lambda values: {**values},
    lambda values: {} | values,
    lambda values: values | {},
    lambda values: values == {},
    lambda values: values.copy(),
    lambda values: types.SimpleNamespace(**values),
]  # fmt: skip

ONE = [
    by_match,
    operator.itemgetter("a"),
    operator.methodcaller("get", "a"),
    operator.methodcaller("pop", "a"),
    operator.methodcaller("setdefault", "a"),
    "{a}".format_map,
    lambda values: "%(a)s" % values,  # noqa: UP031
    lambda values: string.Template("$a").substitute(values),
    lambda values: collections.ChainMap(values)["a"],
]


@pytest.mark.parametrize("read", ALL)
def test_a_function_that_reads_all(read):
    values = NotedDict({"a": 1, "b": 2})
    read(values)
    assert values.names_read == {"a", "b"}


@pytest.mark.parametrize("read", ONE)
def test_a_function_that_reads_one(read):
    values = NotedDict({"a": 1, "b": 2})
    read(values)
    assert "a" in values.names_read


def test_its_names_and_length_are_not_values():
    values = NotedDict({"a": 1})
    assert "a" in values and len(values) == 1
    assert values.names_read == set()
    assert values["a"] == 1 and values.get("c") is None
    assert values.names_read == {"a", "c"}
