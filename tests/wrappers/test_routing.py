"""Routing of parameters with a prefix: as scikeras does it."""

import inspect

import pytest

from skhp.compat.scikeras import import_scikeras
from skhp.wrappers.routing import make_objects, route_params

import_scikeras()


from scikeras._utils import route_params as route_of_scikeras  # noqa: E402
from scikeras._utils import unflatten_params as make_by_scikeras  # noqa: E402

PARAMS = {
    "epochs": 3,
    "optimizer": "sgd",
    "optimizer__learning_rate": 0.1,
    "optimizer__learning_rate__decay_steps": 5,
    "fit__epochs": 4,
    "fit__batch_size": 8,
    "fit__callbacks__0__patience": 2,
    "fitting__epochs": 9,
}


@pytest.mark.parametrize("prefix", ["optimizer", "fit", "fit__callbacks", "model"])
@pytest.mark.parametrize("also", [(), ("epochs", "batch_size")])
@pytest.mark.parametrize("nested", [True, False])
def test_route_params(prefix, also, nested):
    theirs = route_of_scikeras(PARAMS, prefix, pass_filter=set(also), strict=not nested)
    assert route_params(PARAMS, prefix, also, nested) == theirs


class Part:
    """Remembers what it was made with."""

    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs

    def __eq__(self, other):
        return type(self) is type(other) and vars(self) == vars(other)


class Other(Part):
    pass


VALUES = {
    "class": (Part, {"a": 1, "b": "x"}),
    "no settings": ([Part, Other, "name", 3], {}),
    "class within a class": (Part, {"a": Other, "a__b": 2, "a__c": Part, "a__c__d": 3}),
    "list": ([Part, Other], {"a": 1, "1__a": 2, "1__b": 3}),
    "tuple": ((Part, Other), {"0__a": 1}),
    "dict": ({"x": Part, "y": [Other, Other]}, {"x__a": 1, "y__b": 2, "y__1__b": 3}),
    "list within a list": ([[Part], Other], {"a": 1, "0__0__b": 2}),
    "objects": ([Part(1), "name", None], {}),
    "positional": (Part, {"0": Other, "1": 2, "0__a": 3, "b": 4}),
    "more than ten positions": (Part, {str(i): i for i in range(12)}),
    "classes in a list as a setting": (Part, {"a": [Other, Other], "a__1__b": 2}),
}


@pytest.mark.parametrize("case", VALUES)
def test_make_objects(case):
    value, settings = VALUES[case]
    made = make_objects(value, settings)
    assert made == make_by_scikeras(items=value, params=settings)
    assert not inspect.isclass(made)


@pytest.mark.parametrize(
    "value, settings",
    [("name", {"a": 1}), (Part(), {"a": 1}), (["name", Part], {"a": 1}), (None, {"a": 1})],
)
def test_settings_of_what_is_not_a_class(value, settings):
    with pytest.raises(TypeError):
        make_by_scikeras(items=value, params=settings)
    with pytest.raises(TypeError, match=r"not a class.*a=1"):
        make_objects(value, settings)


def test_errors_of_a_class_are_raised():
    with pytest.raises(TypeError, match="takes no arguments"):
        make_objects(type("Empty", (), {}), {"a": 1})
