"""How many programs are compiled, kept and freed."""

import gc
import weakref
from collections import namedtuple

import joblib
import numpy as np
import pytest
from scipy.stats import loguniform
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, learning_curve
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier, MLPRegressor
from skhp.engine import compile_count, set_cache_limit
from skhp.engine.program import Program
from skhp.engine.program_cache import PROGRAM_MB, ProgramCache, programs
from tests.fresh_process import run_script

pytestmark = pytest.mark.slow


def columns(number, n_rows=60):
    """Data of a width that no other test uses, and so of programs of its own."""
    return make_classification(n_rows, 128 + number, random_state=0)


# ------------------------------------------------------------------ compiles


def test_tabular_grid_compiles_six_programs():
    """24 candidates x 5 folds and a refit: each of the three depths has two sizes here."""
    X, y = load_breast_cancer(return_X_y=True)
    net = make_pipeline(StandardScaler(), MLPClassifier(epochs=2, random_state=0))
    grid = {
        "mlpclassifier__n_layers": [1, 2, 3],
        "mlpclassifier__width": [16, 64],
        "mlpclassifier__activation": ["relu", "tanh"],
        "mlpclassifier__learning_rate": [1e-3, 1e-2],
    }
    search = GridSearchCV(net, grid, cv=5)
    before = compile_count()
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert compile_count() - before <= 6
    with joblib.parallel_config("threading", n_jobs=2):
        in_threads = search.fit(X, y).cv_results_["mean_test_score"]
    assert compile_count() - before <= 6  # threads compile no more
    np.testing.assert_array_equal(in_threads, scores)


def test_threads_wait_for_a_program_rather_than_compile_it_again():
    X, y = columns(9)
    search = GridSearchCV(
        MLPClassifier(1, 4, epochs=1), {"learning_rate": [1e-3, 2e-3]}, n_jobs=2, cv=2
    )
    before = compile_count()
    with joblib.parallel_config("threading"):
        search.fit(X, y)
    assert compile_count() - before == 1


def test_numbers_do_not_compile():
    """Learning rate, dropout rate (0 too), l2 above 0, seed, and folds of unequal size are data.

    Networks without l2 have a program of their own, which computes no penalty.
    """
    X, y = columns(10, 61)
    grid = {
        "learning_rate": [1e-3, 0.1],
        "dropout": [0.0, 0.3],
        "l2": [0.0, 1e-3, 1e-2],
        "random_state": [0, 1],
    }
    before = compile_count()
    GridSearchCV(MLPClassifier(1, 4, epochs=1), grid, cv=3).fit(X, y)
    assert compile_count() - before == 2


def test_small_batch_sizes_and_common_activations_do_not_compile():
    X, y = columns(33)
    grid = {
        "batch_size": [17, 25, 32],
        "activation": ["relu", "elu", "leaky_relu", "tanh", "sigmoid", "linear"],
    }
    before = compile_count()
    GridSearchCV(MLPClassifier(1, 4, epochs=1), grid, cv=2).fit(X, y)
    assert compile_count() - before == 1


def test_a_selection_of_columns_does_not_compile():
    X, y = columns(0)
    net = MLPClassifier(1, 4, epochs=1, optimizer="adamax")
    grid = {"selectkbest__k": [17, 24, 32]}
    before = compile_count()
    GridSearchCV(make_pipeline(SelectKBest(), net), grid, cv=2).fit(X, y)
    assert compile_count() - before == 1


def test_settings_of_an_optimizer_do_not_compile():
    import keras

    X, y = columns(11)
    optimizers = [
        keras.optimizers.SGD(momentum=momentum, weight_decay=decay)
        for momentum in (0.5, 0.9)
        for decay in (1e-4, 1e-2)
    ]
    before = compile_count()
    search = GridSearchCV(MLPClassifier(1, 4, epochs=1), {"optimizer": optimizers}, cv=2)
    search.fit(X, y)
    assert compile_count() - before == 1


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_weight_decay_does_not_compile(optimizer):
    X, y = columns({"adam": 31, "sgd": 32}[optimizer])
    grid = {"weight_decay": [0.0, 1e-4, 1e-2], "learning_rate": [1e-3, 1e-2]}
    before = compile_count()
    GridSearchCV(MLPClassifier(1, 4, epochs=1, optimizer=optimizer), grid, cv=2).fit(X, y)
    assert compile_count() - before == 1


def test_random_search_compiles_once():
    X, y = columns(12)
    space = {"learning_rate": loguniform(1e-4, 1e-1), "l2": loguniform(1e-6, 1e-2)}
    before = compile_count()
    net = MLPClassifier(1, 4, epochs=1)
    RandomizedSearchCV(net, space, n_iter=8, cv=2, random_state=0).fit(X, y)
    assert compile_count() - before == 1


def test_learning_curve_compiles_few_programs():
    """Ten sizes from a tenth of the rows to all of them: a program has room for half more."""
    X, y = columns(13, 400)
    before = compile_count()
    learning_curve(
        MLPClassifier(1, 4, epochs=1), X, y, cv=2, train_sizes=np.linspace(0.1, 1, 10), shuffle=True
    )
    assert compile_count() - before <= 4


def test_another_structure_compiles():
    """The count counts: what changes the program is compiled."""
    X, y = columns(14)
    before = compile_count()
    MLPClassifier(1, 4, epochs=1).fit(X, y)
    MLPClassifier(2, 4, epochs=1).fit(X, y)
    MLPClassifier(1, 4, epochs=1, optimizer="sgd").fit(X, y)
    assert compile_count() - before == 3


# ------------------------------------------------------------------ the cache

Shape = namedtuple("Shape", ["name", "batch_size", "blocks"], defaults=[None])


class Made:
    """A thing made for a capacity."""

    def __init__(self, capacity):
        self.capacity = capacity


def test_cache_keeps_the_last_used():
    cache = ProgramCache(2 * PROGRAM_MB)
    shapes = [Shape(name, 10) for name in "abc"]
    a, b = (cache.get(shape, (20, 0), Made) for shape in shapes[:2])
    assert cache.get(shapes[0], (20, 0), Made) is a  # now b was used before it
    cache.get(shapes[2], (20, 0), Made)
    assert cache.get(shapes[0], (20, 0), Made) is a
    assert cache.get(shapes[1], (20, 0), Made) is not b


def test_cache_lets_go():
    cache = ProgramCache(1 * PROGRAM_MB)
    freed = weakref.ref(cache.get(Shape("a", 10), (20, 0), Made))
    assert freed() is not None
    cache.get(Shape("b", 10), (20, 0), Made)
    gc.collect()
    assert freed() is None


def test_a_lower_limit_drops_programs_at_once():
    cache = ProgramCache(8 * PROGRAM_MB)
    shapes = [Shape(name, 10) for name in "abc"]
    made = [cache.get(shape, (20, 0), Made) for shape in shapes]
    cache.set_limit(2.5 * PROGRAM_MB)
    assert cache.get(shapes[1], (20, 0), Made) is made[1]
    assert cache.get(shapes[2], (20, 0), Made) is made[2]
    assert cache.get(shapes[0], (20, 0), Made) is not made[0]


def test_the_limit_can_be_set():
    before = programs.limit_mb
    try:
        set_cache_limit(np.int64(400))
        assert programs.limit_mb == 400
        for bad in (19, -1, float("nan"), "many", None, True):
            with pytest.raises(ValueError, match=r"megabytes must be a number .* at least 20"):
                set_cache_limit(bad)
        assert programs.limit_mb == 400
    finally:
        set_cache_limit(before)


def test_the_environment_sets_the_limit(tmp_path):
    script = "from skhp.engine.program_cache import programs; print(programs.limit_mb)"
    assert run_script(tmp_path / "limit.py", script, SKHP_CACHE_LIMIT_MB="300") == 300
    with pytest.raises(AssertionError, match=r"SKHP_CACHE_LIMIT_MB must be .* Got 'lots'"):
        run_script(tmp_path / "limit.py", script, SKHP_CACHE_LIMIT_MB="lots")


@pytest.mark.parametrize("rows", [(100, 10), (99, 7), (80, 10), (130, 13), (51, 10)])
def test_unequal_rows_share(rows):
    cache = ProgramCache(8 * PROGRAM_MB)
    made = cache.get(Shape("a", 10), (100, 10), Made)
    assert cache.get(Shape("a", 10), rows, Made) is made
    assert all(n <= most for n, most in zip(rows, made.capacity, strict=True))


@pytest.mark.parametrize("rows", [(5000, 10), (10, 10), (100, 500), (100, 0)])
def test_far_more_or_fewer_rows_do_not_share(rows):
    cache = ProgramCache(8 * PROGRAM_MB)
    made = cache.get(Shape("a", 10), (100, 10), Made)
    other = cache.get(Shape("a", 10), rows, Made)
    assert other is not made
    assert all(n <= most <= 8 * n for n, most in zip(rows, other.capacity, strict=True))
    # Both stay, and each serves what it was made for.
    assert cache.get(Shape("a", 10), (100, 10), Made) is made
    assert cache.get(Shape("a", 10), rows, Made) is other


def test_capacity_holds_whole_batches():
    for rows in [(1, 0), (99, 5), (1000, 1)]:
        made = ProgramCache(1 * PROGRAM_MB).get(Shape("a", 32), rows, Made)
        assert all(most % 32 == 0 for most in made.capacity)


def test_programs_are_bounded_and_freed(monkeypatch):
    """Of the real cache: a program that is pushed out goes, with its compiled code's owner."""
    X = np.random.RandomState(0).normal(size=(20, 15))
    # Programs that another test's callback or model keeps alive are none of the cache's.
    gc.collect()
    before = {id(thing) for thing in gc.get_objects() if isinstance(thing, Program)}
    fits = [MLPRegressor(1, width, epochs=1).fit(X, X[:, 0]) for width in (51, 171)]
    made = [
        weakref.ref(thing)
        for thing in gc.get_objects()
        if isinstance(thing, Program) and id(thing) not in before
    ]
    assert len(made) == 2
    monkeypatch.setattr(programs, "limit_mb", PROGRAM_MB)
    MLPRegressor(1, 271, epochs=1).fit(X, X[:, 0])
    gc.collect()
    assert [program() for program in made if program() is not None] == []
    assert [net.predict(X).shape for net in fits] == [(20,), (20,)]  # fits need no program
