"""Private names of scikit-learn's callbacks: they do what skhp takes them to do."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from skhp import MLPClassifier
from skhp.compat.sklearn_callback import (
    CALLBACKS_ATTRIBUTE,
    FIT_ATTRIBUTES,
    can_reuse_listener,
    forget_listener,
    has_callbacks,
    open_listener,
    own_callbacks,
    send,
)


class Silent:
    def setup(self, estimator, context): ...
    def on_fit_task_begin(self, estimator, context): ...
    def on_fit_task_end(self, estimator, context): ...
    def teardown(self, estimator, context): ...


def test_has_callbacks():
    without, with_one = MLPClassifier(), MLPClassifier().set_callbacks(Silent())
    assert not has_callbacks(without._init_callback_context())
    assert has_callbacks(with_one._init_callback_context(max_subtasks=1).subcontext())


def test_own_callbacks():
    callback = Silent()
    assert own_callbacks(MLPClassifier()) == []
    net = MLPClassifier().set_callbacks(callback)
    assert own_callbacks(net) == [callback] == getattr(net, CALLBACKS_ATTRIBUTE)


def test_fit_attributes():
    class Looks(Silent):
        def on_fit_task_begin(self, estimator, context):
            seen.update(vars(estimator))

    seen = set()
    X, y = np.zeros((4, 2)), [0, 1, 0, 1]
    net = MLPClassifier(1, 2, epochs=1).set_callbacks(Looks())
    make_pipeline(net).set_callbacks(Silent()).fit(X, y)
    assert seen >= set(FIT_ATTRIBUTES)
    assert not set(vars(net)) & set(FIT_ATTRIBUTES)


def test_transport_within_a_process():
    class Owner: ...

    owner, got = Owner(), []
    handle = open_listener(got.append, owner=owner)
    send(handle, "hello")
    assert got == ["hello"]
    assert not can_reuse_listener(handle)  # it is this process's own
    forget_listener(handle)
    with pytest.raises(OSError):  # none listens any more
        send(handle, "hello again")
