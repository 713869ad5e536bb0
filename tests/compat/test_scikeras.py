"""Scikeras is imported without its changes to Keras."""

from skhp import runtime
from skhp.compat.scikeras import import_scikeras

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
