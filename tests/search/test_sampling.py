"""Drawing from grids too large to list; learning rates across optimizers."""

import tracemalloc

import keras
import pytest
from scipy.stats import uniform
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, ParameterGrid, RandomizedSearchCV
from sklearn.neighbors import KNeighborsClassifier

from skhp import MLPClassifier
from skhp.search import learning_rate_grid, sample

# A dozen parameters, 186,624 combinations.
LARGE = {
    **{f"a{i}": [0, 1] for i in range(8)},
    "b": list(range(9)),
    "c": list(range(9)),
    "d": list(range(3)),
    "e": list(range(3)),
}


def flat(drawn):
    return [tuple((name, values[0]) for name, values in part.items()) for part in drawn]


def test_part_of_a_large_grid():
    assert len(ParameterGrid(LARGE)) == 186_624
    drawn = flat(sample(LARGE, fraction=0.01, random_state=0))
    assert len(drawn) == len(set(drawn)) == 1866
    assert all(value in LARGE[name] for part in drawn for name, value in part)
    assert drawn == flat(sample(LARGE, fraction=0.01, random_state=0))
    assert drawn != flat(sample(LARGE, fraction=0.01, random_state=1))


def test_it_draws_what_a_randomized_search_draws():
    grid = [{"n_neighbors": [1, 2, 3], "weights": ["uniform", "distance"]}, {"p": [1, 2]}]
    X, y = load_iris(return_X_y=True)
    search = RandomizedSearchCV(KNeighborsClassifier(), grid, n_iter=5, cv=2, random_state=3)
    drawn = sample(grid, n=5, random_state=3)
    assert search.fit(X, y).cv_results_["params"] == [dict(part) for part in flat(drawn)]


def test_the_grid_is_not_listed():
    grid = {f"p{i}": list(range(10)) for i in range(15)}  # 10**15 combinations
    tracemalloc.start()
    drawn = sample(grid, n=100, random_state=0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(set(flat(drawn))) == 100
    assert peak < 5e6


def test_all_of_a_small_grid():
    grid = [{"a": [1, 2], "b": [3]}, {"c": [4, 5, 6]}]
    drawn = [{name: v[0] for name, v in part.items()} for part in sample(grid, 1.0)]
    key = lambda part: sorted(part.items())  # noqa: E731
    assert sorted(drawn, key=key) == sorted(ParameterGrid(grid), key=key)


def test_a_search_takes_it():
    X, y = load_iris(return_X_y=True)
    grid = {"width": [4, 8, 16], "learning_rate": [0.01, 0.1]}
    net = MLPClassifier(epochs=1, random_state=0)
    search = GridSearchCV(net, sample(grid, n=2, random_state=0), cv=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 2
    assert all(params in list(ParameterGrid(grid)) for params in search.cv_results_["params"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Give either fraction or n"),
        ({"fraction": 0.1, "n": 1}, "Give either fraction or n"),
        ({"fraction": 0}, r"fraction must be in \(0, 1\]. Got 0"),
        ({"fraction": 1.5}, r"fraction must be in \(0, 1\]. Got 1.5. For a number.*n="),
        ({"fraction": True}, r"fraction must be in \(0, 1\]. Got True"),
        ({"n": 0}, "n must be an int from 1 to 2"),
        ({"n": 3}, "n must be an int from 1 to 2"),
    ],
)
def test_how_much(arguments, message):
    with pytest.raises(ValueError, match=message):
        sample({"a": [1, 2]}, **arguments)


def test_what_is_no_grid():
    with pytest.raises(ValueError, match="'a' must have a list of values"):
        sample({"a": uniform(0, 1)}, 0.1)
    with pytest.raises(TypeError, match="Expected a search"):
        sample([1, 2], 0.1)
    with pytest.raises(ValueError, match="sample can draw from at most"):
        sample({f"p{i}": list(range(10)) for i in range(20)}, n=1)


@pytest.mark.parametrize("name", ["adam", "sgd", "adadelta", "ftrl"])
def test_learning_rates_are_multiples_of_each_default(name):
    (part,) = learning_rate_grid([name], [0.5, 2], prefix="net__")
    default = float(keras.optimizers.get(name).learning_rate)
    assert part["net__optimizer"] == [name]
    assert part["net__learning_rate"] == pytest.approx([default / 2, default * 2], rel=1e-5)


def test_learning_rates_that_cannot_be():
    with pytest.raises(ValueError, match=r"multiples must be positive numbers\. Got 0"):
        learning_rate_grid(["adam"], [0])
    with pytest.raises(ValueError, match=r"Unknown optimizer 'adm'\. Did you mean 'adam'"):
        learning_rate_grid(["adm"])
