"""scikit-learn's own checks of wrappers of a plain function."""

import keras
import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from skhp import KerasClassifier, KerasRegressor

pytestmark = pytest.mark.slow

EXPECTED_FAILURES = dict.fromkeys(
    (
        "check_sample_weight_equivalence_on_dense_data",
        "check_sample_weight_equivalence_on_sparse_data",
    ),
    "Keras's loss divides by the number of rows, not by their weights, so a row of weight 2 "
    "is not two rows; and in mini-batches the two fall into different batches",
)


def build_any(meta, width=16):
    """A network for whatever targets scikit-learn's checks come with."""
    kind = meta["target_type_"]
    units, activation, loss = {
        "binary": (1, "sigmoid", "binary_crossentropy"),
        "multiclass": (meta.get("n_classes_"), "softmax", "sparse_categorical_crossentropy"),
        "multilabel-indicator": (meta.get("n_classes_"), "sigmoid", "binary_crossentropy"),
    }.get(kind if "n_classes_" in meta else "", (meta["n_outputs_"], "linear", "mse"))
    model = keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(width, activation="relu"),
            keras.layers.Dense(units, activation=activation),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), loss=loss)
    return model


def checks_of(estimator):
    return estimator_checks_generator(
        estimator, expected_failed_checks=EXPECTED_FAILURES, mark="xfail"
    )


def case_id(value):
    """Without the address of `build_any`, which is another in each of pytest-xdist's processes."""
    return getattr(value, "func", type(value)).__name__


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        *checks_of(KerasClassifier(build_any, epochs=30)),
        *checks_of(KerasRegressor(build_any, epochs=30)),
    ],
    ids=case_id,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
