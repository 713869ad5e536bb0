"""Driven by searches over hyperparameters: scikit-learn's own and other packages'."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import loguniform, randint
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier, MLPRegressor

NET = MLPClassifier(1, 16, epochs=10, random_state=0)
RATES = {"learning_rate": [1e-6, 1e-2, 3e-2]}


def test_grid_search(binary):
    grid = {
        "n_layers": [1, 2],
        "width": [8, 16],
        "activation": ["relu", "tanh"],
        "learning_rate": [1e-6, 1e-2],
    }
    search = GridSearchCV(NET, grid, cv=2).fit(*binary)
    table = pd.DataFrame(search.cv_results_)
    assert len(table) == 16
    assert search.best_params_["learning_rate"] == 1e-2
    # What the table says of a candidate is what that candidate scores by itself.
    best = NET.__class__(**{**NET.get_params(), **search.best_params_})
    np.testing.assert_array_equal(
        cross_val_score(best, *binary, cv=2),
        [search.cv_results_[f"split{i}_test_score"][search.best_index_] for i in range(2)],
    )


def test_width_a_layer_in_a_grid(binary):
    search = GridSearchCV(NET, {"n_layers": [2], "width": [(8, 4), (16, 16)]}, cv=2).fit(*binary)
    hidden = [layer.units for layer in search.best_estimator_.model_.layers[::2]][:2]
    assert tuple(hidden) == search.best_params_["width"]


def test_regressor_in_a_pipeline(regression):
    pipeline = make_pipeline(StandardScaler(), MLPRegressor(1, 16, epochs=30, random_state=0))
    search = GridSearchCV(pipeline, {"mlpregressor__learning_rate": [1e-5, 3e-2]}, cv=2)
    assert search.fit(*regression).best_score_ > 0.5


def test_randomized_search(binary):
    space = {"learning_rate": loguniform(1e-4, 1e-1), "width": randint(4, 33)}
    search = RandomizedSearchCV(NET, space, n_iter=4, cv=2, random_state=0).fit(*binary)
    tried = pd.DataFrame(search.cv_results_["params"])
    assert tried["learning_rate"].between(1e-4, 1e-1).all() and tried["width"].between(4, 32).all()
    assert search.best_score_ > 0.6


@pytest.mark.parametrize("search_class", [HalvingGridSearchCV, HalvingRandomSearchCV])
@pytest.mark.parametrize(
    "budget",
    [
        {"resource": "n_samples", "min_resources": 20},
        {"resource": "epochs", "min_resources": 3, "max_resources": 12},
    ],
    ids=["n_samples", "epochs"],
)
def test_halving_search(search_class, budget, binary):
    search = search_class(NET, RATES, cv=2, factor=2, random_state=0, **budget).fit(*binary)
    assert search.n_iterations_ >= 2
    assert search.best_params_["learning_rate"] > 1e-6
    if budget["resource"] == "epochs":
        assert search.best_estimator_.n_epochs_ == search.cv_results_["n_resources"][-1]


def test_optuna_search(binary):
    pytest.importorskip("optuna_integration")
    import optuna
    from optuna_integration import OptunaSearchCV

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {
        "learning_rate": optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True),
        "width": optuna.distributions.IntDistribution(4, 32),
    }
    search = OptunaSearchCV(NET, space, n_trials=3, cv=2, random_state=0).fit(*binary)
    assert search.best_score_ > 0.6
    assert search.predict(binary[0]).shape == (60,)


def test_scikit_optimize(binary):
    pytest.importorskip("skopt")
    from skopt import BayesSearchCV
    from skopt.space import Integer, Real

    space = {"learning_rate": Real(1e-4, 1e-1, prior="log-uniform"), "width": Integer(4, 32)}
    search = BayesSearchCV(
        NET, space, n_iter=3, cv=2, random_state=0, optimizer_kwargs={"n_initial_points": 2}
    ).fit(*binary)
    assert search.best_score_ > 0.6


def test_hyperopt(binary):
    hyperopt = pytest.importorskip("hyperopt")
    from sklearn.base import clone

    def loss(params):
        net = clone(NET).set_params(width=int(params["width"]), learning_rate=params["rate"])
        return -cross_val_score(net, *binary, cv=2).mean()

    space = {
        "rate": hyperopt.hp.loguniform("rate", np.log(1e-4), np.log(1e-1)),
        "width": hyperopt.hp.quniform("width", 4, 32, 1),
    }
    trials = hyperopt.Trials()
    best = hyperopt.fmin(
        loss,
        space,
        hyperopt.tpe.suggest,
        max_evals=3,
        trials=trials,
        rstate=np.random.default_rng(0),
        show_progressbar=False,
    )
    assert set(best) == {"rate", "width"} and min(trials.losses()) < -0.6
