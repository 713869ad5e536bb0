"""Spaces to begin with."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, ParameterSampler, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier, MLPRegressor
from skhp.search import default_space, funnel_widths


@pytest.mark.parametrize("estimator", [MLPClassifier(), MLPRegressor()])
def test_every_candidate_can_be_set(estimator):
    inner = make_pipeline(PCA(), estimator)
    for model in (estimator, make_pipeline(StandardScaler(), inner)):
        for params in ParameterSampler(default_space(model), 20, random_state=0):
            fitted = model.set_params(**params)
            assert len(params) == 7
    network = fitted.steps[-1][1].steps[-1][1]
    assert (
        network.learning_rate
        == params[f"pipeline__{type(estimator).__name__.lower()}__learning_rate"]
    )


def test_a_search_takes_it(binary):
    network = MLPClassifier(epochs=1, random_state=0)
    space = {**default_space(network), "width": [16], "n_layers": [1]}
    search = RandomizedSearchCV(network, space, n_iter=3, cv=2, random_state=0).fit(*binary)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize("estimator", [Ridge(), make_pipeline(StandardScaler()), MLPClassifier])
def test_only_our_own_networks_have_one(estimator):
    with pytest.raises(TypeError, match="MLPClassifier and MLPRegressor, alone or at the end"):
        default_space(estimator)


def test_funnels_shrink():
    assert funnel_widths([8], n_layers=[1, 2, 3], shrink=[0.5, 1]) == [
        (8,),
        (8, 4),
        (8, 8),
        (8, 4, 2),
        (8, 8, 8),
    ]
    assert funnel_widths([8], n_layers=[3], shrink=[0.1], least=3) == [(8, 3, 3)]


def test_a_search_takes_funnels(binary):
    widths = funnel_widths([16], n_layers=[1, 2], shrink=[0.5])
    search = GridSearchCV(MLPClassifier(epochs=1, random_state=0), {"width": widths}, cv=2)
    assert search.fit(*binary).cv_results_["param_width"].tolist() == [(16,), (16, 8)]
    assert search.best_params_["width"] in widths


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first": [0]}, "first must be positive ints. Got 0"),
        ({"first": [8], "n_layers": [1.5]}, "n_layers must be positive ints. Got 1.5"),
        ({"first": [8], "shrink": [-1]}, "shrink must be positive numbers. Got -1"),
        ({"first": [8], "least": 0}, "least must be a positive int. Got 0"),
    ],
)
def test_funnels_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        funnel_widths(**arguments)
