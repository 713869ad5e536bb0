from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline

from skhp.candidates.searches import is_search


def test_is_search():
    grid = {"alpha": [1, 2]}
    for kind in (GridSearchCV, RandomizedSearchCV, HalvingGridSearchCV):
        assert is_search(kind(Ridge(), grid))
    assert not any(map(is_search, (Ridge(), make_pipeline(Ridge()), GridSearchCV, None, grid)))
