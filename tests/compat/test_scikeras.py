"""Private names of scikeras: they do what skhp takes them to do."""

import numpy as np

from skhp import runtime
from skhp.compat.scikeras import (
    import_scikeras,
    route_params,
    scikeras_base_wrapper,
    unflatten_params,
)

runtime.start()

import keras  # noqa: E402


def test_importing_scikeras_leaves_keras_as_it_was():
    before = [
        getattr(kind, "__reduce__")  # noqa: B009
        for kind in (keras.Model, keras.losses.Loss, keras.optimizers.Optimizer)
    ]
    assert hasattr(import_scikeras("scikeras.wrappers"), "KerasClassifier")
    after = [
        getattr(kind, "__reduce__")  # noqa: B009
        for kind in (keras.Model, keras.losses.Loss, keras.optimizers.Optimizer)
    ]
    assert before == after


def test_scikeras_base_wrapper():
    wrapper = scikeras_base_wrapper()
    assert not hasattr(wrapper, "_more_tags") and hasattr(wrapper, "get_params")


def test_scikeras_routing():
    params = {"optimizer__lr": 1, "optimizer": "sgd", "loss__x": 2}
    routed = route_params(params, destination="optimizer", pass_filter=set(), strict=True)
    assert routed == {"lr": 1}
    made = unflatten_params(keras.optimizers.SGD, {"learning_rate": 0.5})
    assert isinstance(made, keras.optimizers.SGD) and np.isclose(float(made.learning_rate), 0.5)
