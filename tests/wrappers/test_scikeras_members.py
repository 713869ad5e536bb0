"""What a subclass of a wrapper may read and override: the members of scikeras's classes."""

import inspect

import keras
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import FunctionTransformer

import skhp
from skhp.compat.scikeras import import_scikeras

pytestmark = pytest.mark.slow

SCIKERAS = import_scikeras("scikeras.wrappers")
CLASSES = ("BaseWrapper", "KerasClassifier", "KerasRegressor")
LOSS = "sparse_categorical_crossentropy"


def build(meta, width=4):
    hidden = keras.layers.Dense(width, activation="relu")
    outputs = keras.layers.Dense(meta["n_classes_"], activation="softmax")
    return keras.Sequential([keras.Input((meta["n_features_in_"],)), hidden, outputs])


@pytest.mark.parametrize("name", CLASSES)
def test_public_members_and_their_arguments(name):
    ours, theirs = getattr(skhp, name), getattr(SCIKERAS, name)
    assert not any(kind.__module__.startswith("scikeras") for kind in ours.__mro__)
    for member in dir(theirs):
        if member.startswith("_"):
            continue
        assert hasattr(ours(), member) or hasattr(ours, member), member
        if inspect.isfunction(getattr(theirs, member)):
            assert arguments(getattr(theirs, member)) <= arguments(getattr(ours, member)), member
    assert arguments(theirs.__init__) | {"memory", "max_seconds", "scoring"} == arguments(
        ours.__init__
    )


def arguments(function):
    return set(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", CLASSES)
def test_before_a_fit(name):
    for module in (skhp, SCIKERAS):
        net = getattr(module, name)(build)
        assert (net.current_epoch, net.initialized_, net.__name__) == (0, False, name)
        assert type(net.feature_encoder) is FunctionTransformer
    ours, theirs = (getattr(module, name) for module in (skhp, SCIKERAS))
    if name != "KerasClassifier":  # whose encoder needs classes_ in scikeras
        assert isinstance(ours().target_encoder, type(theirs().target_encoder))


def test_epochs_are_counted(multiclass):
    for module in (skhp, SCIKERAS):
        net = module.KerasClassifier(build, loss=LOSS, epochs=2, verbose=0).fit(*multiclass)
        assert (net.current_epoch, net.initialized_) == (2, True)
        assert net.partial_fit(*multiclass).current_epoch == 3
        assert net.fit(*multiclass).current_epoch == 2
        for argument in ("epochs", "initial_epoch"):
            with pytest.raises(TypeError, match=argument):
                net.partial_fit(*multiclass, **{argument: 1})


def test_a_base_wrapper_has_no_scorer(multiclass):
    def build_one():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    for module in (skhp, SCIKERAS):
        net = module.BaseWrapper(build_one, loss="mse", verbose=0).fit(*multiclass)
        with pytest.raises(NotImplementedError):
            net.score(*multiclass)


class Halved(BaseEstimator, TransformerMixin):
    def fit(self, X):
        return self

    def transform(self, X):
        return X / 2

    def get_metadata(self):
        return {"halved_": True}


def recording(module):
    """A subclass that overrides methods as scikeras names them, and writes down the calls."""

    class Recording(module.KerasClassifier):
        calls = []

        @property
        def feature_encoder(self):
            self.calls.append("feature_encoder")
            return Halved()

        def _validate_data(self, X=None, y=None, reset=False, y_numeric=False):
            self.calls.append(("_validate_data", y is None, reset))
            return super()._validate_data(X=X, y=y, reset=reset, y_numeric=y_numeric)

        def _type_of_target(self, y):
            self.calls.append("_type_of_target")
            return super()._type_of_target(y)

        def _initialize(self, X, y=None):
            self.calls.append("_initialize")
            X, y = super()._initialize(X=X, y=y)
            return X[:30], y[:30]

        def _keras_build_fn(self, meta, width=4):
            self.calls.append("_keras_build_fn")
            return build(meta, width)

        def _get_compile_kwargs(self):
            return super()._get_compile_kwargs()

        def _initialize_callbacks(self):
            self.calls.append("_initialize_callbacks")
            super()._initialize_callbacks()

        def _check_model_compatibility(self, y):
            self.calls.append(("_check_model_compatibility", np.shape(y)[0]))
            super()._check_model_compatibility(y)

        def _predict_raw(self, X, **kwargs):
            self.calls.append("_predict_raw")
            return super()._predict_raw(X, **kwargs)

    return Recording


def test_overridden_methods_are_called_as_in_scikeras(multiclass):
    X, y = multiclass
    calls = {}
    for module in (skhp, SCIKERAS):
        net = recording(module)(loss=LOSS, verbose=0, random_state=0).fit(X, y)
        net.predict(X)
        calls[module] = list(dict.fromkeys(net.calls))
        assert net._get_metadata()["n_features_in_"] == 4
        assert net._get_compile_kwargs()["loss"] is not None
    ours, theirs = calls.values()
    assert set(ours) == set(theirs)
    assert ("_check_model_compatibility", 30) in ours


def test_metadata_of_a_feature_encoder_reach_the_builder(multiclass):
    seen = {}

    class Halving(skhp.KerasClassifier):
        feature_encoder = property(lambda self: Halved())

    def asking(meta):
        seen.update(meta)
        return build(meta)

    net = Halving(asking, loss=LOSS, random_state=0).fit(*multiclass)
    assert seen["halved_"] is net.halved_ is True
    rows = multiclass[0][:48]
    np.testing.assert_allclose(net.predict_proba(rows), net.model_(rows / 2), rtol=1e-5)
