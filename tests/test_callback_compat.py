"""Private names of scikit-learn's callbacks and searches, borrowed in skhp.compat."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skhp import MLPClassifier, compat


class Silent:
    def setup(self, estimator, context): ...
    def on_fit_task_begin(self, estimator, context): ...
    def on_fit_task_end(self, estimator, context): ...
    def teardown(self, estimator, context): ...


def search(**grid):
    return GridSearchCV(MLPClassifier(), grid)


def test_has_callbacks():
    without, with_one = MLPClassifier(), MLPClassifier().set_callbacks(Silent())
    assert not compat.has_callbacks(without._init_callback_context())
    assert compat.has_callbacks(with_one._init_callback_context(max_subtasks=1).subcontext())


def test_own_callbacks():
    callback = Silent()
    assert compat.own_callbacks(MLPClassifier()) == []
    assert compat.own_callbacks(MLPClassifier().set_callbacks(callback)) == [callback]


def test_fit_attributes():
    class Looks(Silent):
        def on_fit_task_begin(self, estimator, context):
            seen.update(vars(estimator))

    seen = set()
    X, y = np.zeros((4, 2)), [0, 1, 0, 1]
    net = MLPClassifier(1, 2, epochs=1).set_callbacks(Looks())
    make_pipeline(net).set_callbacks(Silent()).fit(X, y)
    assert seen >= set(compat.FIT_ATTRIBUTES)
    assert not set(vars(net)) & set(compat.FIT_ATTRIBUTES)


def test_is_search():
    assert compat.is_search(search(width=[1]))
    assert not compat.is_search(make_pipeline(MLPClassifier()))


def test_hands_callbacks_on():
    class OldFashioned(GridSearchCV):
        def _run_search(self, evaluate_candidates): ...

    assert compat.hands_callbacks_on(search(width=[1]))
    assert not compat.hands_callbacks_on(OldFashioned(MLPClassifier(), {"width": [1]}))


def test_transport_within_a_process():
    class Owner: ...

    owner, got = Owner(), []
    handle = compat.open_listener(got.append, owner=owner)
    compat.send(handle, "hello")
    assert got == ["hello"]
    assert not compat.can_reuse_listener(handle)  # it is this process's own
    compat.forget_listener(handle)
    with pytest.raises(OSError):  # none listens any more
        compat.send(handle, "hello again")


def test_take_rows():
    rows = np.arange(6).reshape(3, 2)
    assert compat.take_rows(rows, np.array([2, 0])).tolist() == [[4, 5], [0, 1]]
