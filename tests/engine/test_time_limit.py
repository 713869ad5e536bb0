"""``max_seconds``: a training ends when its time is over, and may go on later."""

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skhp import KerasClassifier, MLPClassifier
from skhp.search import FitStore

NET = {"n_layers": 1, "width": 16, "learning_rate": 0.03, "random_state": 0}
MANY = 10**8  # epochs that no test trains


class Batches(keras.callbacks.Callback):
    """Looks at every batch, so that Keras's own fit trains."""

    def on_train_batch_end(self, batch, logs=None):
        pass


def build(meta):
    return keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(1, "sigmoid")]
    )


NETS = {
    "compiled": MLPClassifier(**NET),
    "keras": MLPClassifier(**NET, callbacks=[Batches()]),
    "wrapper": KerasClassifier(build, loss="binary_crossentropy", random_state=0),
}


@pytest.mark.parametrize("net", NETS.values(), ids=NETS)
def test_training_ends_when_its_time_is_over(net, binary, small_models_compiled):
    X, y = binary
    cut = clone(net).set_params(epochs=MANY, max_seconds=0.01)
    with pytest.warns(ConvergenceWarning, match=r"max_seconds=0.01 had passed after epoch \d+"):
        cut.fit(X, y)
    assert 1 <= cut.n_epochs_ < MANY
    expected = clone(net).set_params(epochs=cut.n_epochs_).fit(X, y)
    assert cut.history_ == expected.history_
    np.testing.assert_array_equal(cut.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("net", [NETS["compiled"], NETS["keras"]], ids=["compiled", "keras"])
def test_a_training_that_ends_in_time_is_not_cut(net, binary, recwarn):
    clone(net).set_params(epochs=1, max_seconds=1e-9).fit(*binary)
    stopping = {"early_stopping": True, "patience": 1, "min_delta": 1e3}
    clone(net).set_params(epochs=MANY, max_seconds=1e3, **stopping).fit(*binary)
    assert not [w for w in recwarn if w.category is ConvergenceWarning]


@pytest.mark.filterwarnings("ignore:max_seconds")
@pytest.mark.parametrize("name", ["compiled", "wrapper"])
def test_the_next_fit_goes_on_through_the_store(name, binary, tmp_path):
    X, y = binary
    store = FitStore(tmp_path)
    net = clone(NETS[name]).set_params(epochs=MANY, max_seconds=0.01, memory=store)
    first = clone(net).fit(X, y).n_epochs_
    assert store.frame()[["epochs", "is_finished"]].to_numpy().tolist() == [[first, False]]
    second = clone(net).fit(X, y)
    assert second.n_epochs_ > first
    held = [[second.n_epochs_, False]]  # one checkpoint, not two
    assert store.frame()[["epochs", "is_finished"]].to_numpy().tolist() == held
    last = clone(net).set_params(epochs=second.n_epochs_ + 3, max_seconds=None).fit(X, y)
    assert store.frame()[["epochs", "is_finished"]].to_numpy().tolist() == [[last.n_epochs_, True]]
    expected = clone(last).set_params(memory=None).fit(X, y)
    assert last.history_ == expected.history_
    np.testing.assert_array_equal(last.predict_proba(X), expected.predict_proba(X))


@pytest.mark.parametrize("value", [0, -1.5, "60", float("inf")])
def test_values_of_the_parameter(value, binary):
    with pytest.raises(ValueError, match=r"'max_seconds'.*Got"):
        MLPClassifier(max_seconds=value).fit(*binary)
