"""A builder whose models have layers in common, and builders that get layers as arguments."""

import functools

import keras
import numpy as np
import pytest
from keras import layers
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from skhp import KerasClassifier, KerasRegressor

LOSS = "sparse_categorical_crossentropy"
SETTINGS = {"loss": LOSS, "optimizer": "adam", "epochs": 2, "random_state": 0}


def hidden():
    return keras.Sequential([keras.Input((4,)), layers.Dense(4, "tanh")])


def with_outputs(*parts):
    return keras.Sequential([*parts, layers.Dense(3, "softmax")])


def always(model):
    return lambda: model


def sharing(base):
    return lambda: with_outputs(base)


@pytest.mark.parametrize(
    "build",
    [
        always(with_outputs(hidden())),
        sharing(hidden()),
        functools.partial(lambda build, width: build(), sharing(hidden()), width=1),
    ],
    ids=["one model", "one layer", "partial"],
)
def test_a_fit_never_starts_from_the_weights_of_another(build, multiclass):
    net = KerasClassifier(build, **SETTINGS).fit(*multiclass)
    for other in (net, clone(net)):
        with pytest.raises(ValueError, match=r"another fit has trained.*clone_model.*warm_start"):
            other.fit(*multiclass)


def test_a_search_does_not_train_on_its_test_rows(multiclass):
    net = KerasClassifier(sharing(hidden()), **SETTINGS)
    with pytest.raises(ValueError, match="another fit has trained"):
        cross_val_score(net, *multiclass, cv=2, error_score="raise")


def test_a_model_is_not_trained_by_two_fits_at_once(multiclass):
    build = always(with_outputs(hidden()))
    errors = []

    def fit_another(epoch, logs):
        try:
            KerasClassifier(build, **SETTINGS).fit(*multiclass)
        except ValueError as error:
            errors.append(str(error))

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=fit_another)
    KerasClassifier(build, callbacks=callback, **SETTINGS).fit(*multiclass)
    assert ["another fit has trained" in error for error in errors] == [True, True]


def test_a_builder_may_set_shared_weights_back(multiclass):
    base = hidden()
    first = base.get_weights()

    def build():
        base.set_weights(first)
        return with_outputs(base)

    one, two = (KerasClassifier(build, **SETTINGS).fit(*multiclass).history_ for _ in range(2))
    assert one == two


def test_shared_layers_that_are_not_trained(multiclass):
    base = hidden()
    base.trainable = False
    build = sharing(base)
    one, two = (KerasClassifier(build, **SETTINGS).fit(*multiclass).history_ for _ in range(2))
    assert one == two


def test_layers_that_another_builders_model_has_trained(multiclass):
    X, y = multiclass
    base = hidden()

    def decoder():
        return keras.Sequential([base, layers.Dense(4)])

    KerasRegressor(decoder, **{**SETTINGS, "loss": "mse"}).fit(X, X)
    learned = base.get_weights()[0]
    net = KerasClassifier(sharing(base), **SETTINGS).initialize(X, y)
    assert np.array_equal(net.model_.get_weights()[0], learned)
    net.fit(X, y)


def test_one_model_may_be_trained_further(multiclass):
    net = KerasClassifier(always(with_outputs(hidden())), warm_start=True, **SETTINGS)
    losses = [net.fit(*multiclass).history_["loss"][0] for _ in range(2)]
    assert losses[1] < losses[0]
    assert net.partial_fit(*multiclass).n_epochs_ == 3


def from_parts(parts, rule="adam", metric=None):
    model = keras.Sequential([keras.Input((4,)), *parts, layers.Dense(3, "softmax")])
    model.compile(rule, LOSS, metrics=[] if metric is None else [metric])
    return model


class AlwaysBuilt:
    """The same builder as an object: its models are always built."""

    def __call__(self, parts, rule="adam", metric=None):
        return from_parts(parts, rule, metric)


ARGUMENTS = {
    "model": lambda: {"parts": [hidden()]},
    "layers without weights": lambda: {"parts": [layers.Dense(4), layers.Dropout(0.5)]},
    "optimizer": lambda: {"parts": [], "rule": keras.optimizers.Adam(0.05)},
    "metric": lambda: {"parts": [], "metric": keras.metrics.SparseCategoricalAccuracy("acc")},
}


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_fits_do_not_change_arguments_of_the_builder(kind, multiclass):
    X, y = multiclass
    arguments = ARGUMENTS[kind]()
    net = KerasClassifier(from_parts, epochs=2, random_state=0, **arguments)
    found = [net.fit(X, y).predict_proba(X)]
    assert net.model_.optimizer.built
    found += [each.fit(X, y).predict_proba(X) for each in (net, net, clone(net))]
    built = clone(net).set_params(model=AlwaysBuilt()).fit(X, y).predict_proba(X)
    assert all(np.array_equal(one, built) for one in found)


def test_fits_do_not_change_arguments_of_a_partial(multiclass):
    X, y = multiclass
    net = KerasClassifier(functools.partial(from_parts, [hidden()]), epochs=2, random_state=0)
    found = [each.fit(X, y).predict_proba(X) for each in (net, net, clone(net))]
    assert all(np.array_equal(one, found[0]) for one in found)


def test_weights_of_given_layers_follow_the_random_state(multiclass):
    parts = [layers.Dense(4), layers.Dense(4)]

    def kernels(seed):
        net = KerasClassifier(from_parts, parts=parts, random_state=seed).initialize(*multiclass)
        return [layer.kernel.numpy() for layer in net.model_.layers[:2]]

    (one, two), (other, _) = kernels(0), kernels(1)
    assert not np.array_equal(one, two)
    assert not np.array_equal(one, other)
    assert np.array_equal(one, kernels(0)[0])
    assert not parts[0].built


def test_a_frozen_model_is_not_copied(multiclass):
    base = hidden()
    base.trainable = False
    net = KerasClassifier(from_parts, parts=[base]).fit(*multiclass)
    assert net.model_.layers[0] is base
