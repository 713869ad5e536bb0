"""Private names of scikit-learn's callbacks and searches, borrowed in skhp.compat."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skhp import MLPClassifier
from skhp.compat.sklearn import hands_callbacks_on, is_search, take_rows
from skhp.compat.sklearn_callback import (
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


def search(**grid):
    return GridSearchCV(MLPClassifier(), grid)


def test_has_callbacks():
    without, with_one = MLPClassifier(), MLPClassifier().set_callbacks(Silent())
    assert not has_callbacks(without._init_callback_context())
    assert has_callbacks(with_one._init_callback_context(max_subtasks=1).subcontext())


def test_own_callbacks():
    callback = Silent()
    assert own_callbacks(MLPClassifier()) == []
    assert own_callbacks(MLPClassifier().set_callbacks(callback)) == [callback]


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


def test_is_search():
    assert is_search(search(width=[1]))
    assert not is_search(make_pipeline(MLPClassifier()))


def test_hands_callbacks_on():
    class OldFashioned(GridSearchCV):
        def _run_search(self, evaluate_candidates): ...

    assert hands_callbacks_on(search(width=[1]))
    assert not hands_callbacks_on(OldFashioned(MLPClassifier(), {"width": [1]}))


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


def test_take_rows():
    rows = np.arange(6).reshape(3, 2)
    assert take_rows(rows, np.array([2, 0])).tolist() == [[4, 5], [0, 1]]
