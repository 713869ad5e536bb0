"""Private names of Keras that make building faster: a model is the same as without them."""

import inspect
import weakref

import numpy as np
import pytest

from skhp import runtime
from skhp.compat.keras_building import build_models_faster

runtime.start()

import keras  # noqa: E402

KINDS = (keras.Layer, keras.Metric, keras.Optimizer)


@pytest.fixture(autouse=True)
def faster():
    build_models_faster()


@pytest.fixture
def as_keras(monkeypatch):
    """A function that takes everything back."""

    def take_back():
        from keras.src.layers import layer
        from keras.src.ops import operation

        for kind in KINDS:
            monkeypatch.setattr(kind, "__setattr__", kind.__setattr__.__wrapped__)
        for module in (layer, operation):
            assert module.inspect is not inspect
            monkeypatch.setattr(module, "inspect", inspect)

    return take_back


def layer_with_attributes():
    layer = keras.layers.Dense(2, name="dense")
    for name, value in {"a": 1, "b": "text", "c": None, "d": [1, 2], "e": {"f": True}}.items():
        setattr(layer, name, value)
    layer.inner = keras.layers.Dense(1, name="inner")
    layer.inner = None
    layer.c = keras.Variable(1.0, name="later")
    layer.build((None, 3))
    return layer


def state_of(thing):
    return {
        name: value if isinstance(value, bool | int | float | str | None) else type(value)
        for name, value in vars(thing).items()
    }


def test_a_layer_has_the_same_attributes(as_keras):
    faster = layer_with_attributes()
    as_keras()
    slower = layer_with_attributes()
    assert state_of(faster) == state_of(slower)
    paths = [variable.path for variable in faster.variables]
    assert "later" in paths and paths == [variable.path for variable in slower.variables]
    assert faster.get_config() == slower.get_config()


MAKERS = (lambda: keras.metrics.AUC(name="auc"), lambda: keras.optimizers.Adam(name="adam"))


@pytest.mark.parametrize("make", MAKERS)
def test_a_metric_and_an_optimizer_have_the_same_attributes(make, as_keras):
    faster = make()
    as_keras()
    assert state_of(faster) == state_of(make())


def test_a_frozen_layer_within_another_stays_frozen():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.layers[0].trainable = False
    model.trainable = True  # as it was, which Keras takes for no change
    assert not model.layers[0].trainable
    model.trainable = False
    model.trainable = True
    assert model.layers[0].trainable


def test_a_class_may_have_a_property():
    class Doubling(keras.layers.Layer):
        @property
        def factor(self):
            return self._factor

        @factor.setter
        def factor(self, value):
            self._factor = 2 * value

    layer = Doubling()
    layer.factor = 3
    assert layer.factor == 6


def test_a_layer_without_super_init_is_refused():
    class Forgetful(keras.layers.Layer):
        def __init__(self):
            self.rate = 0.5

    with pytest.raises(RuntimeError, match="forgot to call"):
        Forgetful()(np.ones((1, 1), "float32"))


def test_calls_are_bound_to_each_layers_own_signature():
    def layer_class():
        class Scaled(keras.layers.Layer):
            def __init__(self, by=2, **kwargs):
                super().__init__(**kwargs)
                self.by = by

            def call(self, inputs, times=1):
                return inputs * self.by * times

        return Scaled

    scaled, of_same_name = layer_class(), layer_class()
    of_same_name.call = lambda self, x, plus: x + plus
    x = keras.ops.ones((1, 1))
    assert float(scaled(by=3)(x, times=2)[0, 0]) == 6
    assert float(of_same_name()(x, plus=4)[0, 0]) == 5
    assert scaled(by=3).get_config()["by"] == 3
    kind = weakref.ref(layer_class().call)
    keras.backend.clear_session()
    import gc

    gc.collect()
    assert kind() is None
