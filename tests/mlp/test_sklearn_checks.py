"""scikit-learn's own checks of an estimator."""

import keras
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    check_sample_weight_equivalence_on_sparse_data,
    parametrize_with_checks,
)

from skhp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.slow

# One hidden layer, which compiles faster than two.
SMALL = {"n_layers": 1, "learning_rate": 0.01}

EXPECTED_FAILURES = {
    check.__name__: (
        "rows left out and rows of weight zero fall into different batches; "
        "it holds for one batch of all rows, up to rounding: shown below in float64"
    )
    for check in (
        check_sample_weight_equivalence_on_dense_data,
        check_sample_weight_equivalence_on_sparse_data,
    )
}


@parametrize_with_checks(
    [MLPClassifier(**SMALL), MLPRegressor(**SMALL)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture
def float64():
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)


@pytest.mark.parametrize("estimator_class", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    "check",
    [
        check_sample_weight_equivalence_on_dense_data,
        check_sample_weight_equivalence_on_sparse_data,
    ],
)
def test_sample_weights_equal_repeated_rows_in_full_batches(float64, estimator_class, check):
    check(estimator_class.__name__, estimator_class(n_layers=1, batch_size=512, epochs=30))


def test_networks_of_float64_are_compiled(float64, binary):
    net = MLPClassifier(n_layers=1, batch_size=512, epochs=1, random_state=0).fit(*binary)
    assert net.engine_ == "compiled", net.engine_reason_
    assert net.predict_proba(binary[0]).dtype == "float64"


def test_kinds():
    assert is_classifier(MLPClassifier()) and not is_regressor(MLPClassifier())
    assert is_regressor(MLPRegressor()) and not is_classifier(MLPRegressor())
