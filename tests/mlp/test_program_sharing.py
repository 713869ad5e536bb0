"""How many programs the networks of a search need. Nothing is trained here."""

import numpy as np
import pytest
from scipy.stats import loguniform, randint
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import ParameterSampler

from skhp import MLPClassifier
from skhp.engine.plan import Rows
from skhp.engine.program_lookup import structure_for
from skhp.mlp.planning import plan_network, plan_training
from skhp.mlp.targets import choose_coding


@pytest.fixture(scope="module")
def table():
    X, y = load_breast_cancer(return_X_y=True)
    return X.astype("float32"), y


def structures(candidates, table):
    X, y = table
    found = []
    for candidate in candidates:
        params = MLPClassifier(**candidate).get_params()
        coding = choose_coding("binary", 2, params["loss"])
        plan = plan_training(params, plan_network(params, X.shape[1], coding), coding)
        rows = Rows(X, coding.encode(y, "float32"), np.ones(len(X), "float32"))
        found.append(structure_for(plan, rows, None))
    return found


def test_random_widths_and_depths_need_few_programs(table):
    space = {
        "n_layers": [1, 2, 3, 4],
        "width": randint(8, 256),
        "activation": ["relu", "tanh"],
        "learning_rate": loguniform(1e-4, 1e-1),
    }
    candidates = list(ParameterSampler(space, 60, random_state=0))
    assert len({candidate["width"] for candidate in candidates}) > 40
    assert len(set(structures(candidates, table))) <= 12


def test_a_scan_of_many_settings_needs_few_programs(table):
    space = {
        "n_layers": [0, 1, 2],
        "width": [4, 8, 16, 32],
        "batch_size": [2, 3, 4],
        "optimizer": ["adam", "nadam", "rmsprop"],
        "loss": ["binary_crossentropy", "log_cosh"],
        "activation": ["relu", "elu"],
        "dropout": [0.0, 0.25, 0.5],
        "kernel_initializer": ["glorot_uniform", "glorot_normal"],
        "epochs": [50, 100, 150],
    }
    candidates = list(ParameterSampler(space, 120, random_state=0))
    assert len(set(structures(candidates, table))) <= 18  # depths, optimizers, losses


def test_networks_of_many_layers_have_fewer_sizes(table):
    widths = [8, 32, 33, 64, 65, 128, 129, 256]
    one, two, four = (
        structures([{"n_layers": n, "width": width} for width in widths], table) for n in (1, 2, 4)
    )
    assert [len(set(found)) for found in (one, two, four)] == [4, 4, 3]


@pytest.mark.parametrize(
    "one, other",
    [
        ({"width": 8}, {"width": 33}),  # another size
        ({"width": 33}, {"width": 65}),
        ({"width": 65}, {"width": 129}),
        ({"width": 257}, {"width": 258}),  # sizes of their own
        ({"batch_size": 33}, {"batch_size": 34}),
        ({"activation": "relu"}, {"activation": "gelu"}),
        ({"n_layers": 1}, {"n_layers": 2}),
        ({"l2": 0.0}, {"l2": 1e-4}),  # without l2 nothing computes a penalty
        ({"optimizer": "lamb", "width": 8}, {"optimizer": "lamb", "width": 9}),
    ],
)
def test_other_networks_do_not_share(one, other, table):
    assert len(set(structures([one, other], table))) == 2


def test_values_of_a_setting_share(table):
    candidates = [{"l2": l2, "dropout": dropout} for l2 in (1e-5, 1e-2) for dropout in (0.0, 0.5)]
    assert len(set(structures(candidates, table))) == 1


def test_layers_of_one_network_have_sizes_of_their_own(table):
    wide, narrow, other = structures(
        [{"width": (200, 10)}, {"width": (140, 32)}, {"width": (200, 33)}], table
    )
    assert wide == narrow
    assert wide.layout.widths == (256, 32)
    assert other != wide
