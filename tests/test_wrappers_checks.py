"""scikit-learn's own checks of wrappers of a plain function."""

import keras
from sklearn.utils.estimator_checks import parametrize_with_checks

from skhp import KerasClassifier, KerasRegressor

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


@parametrize_with_checks(
    [KerasClassifier(build_any, epochs=30), KerasRegressor(build_any, epochs=30)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
