"""KerasClassifier and KerasRegressor: your own Keras network as a scikit-learn estimator."""

from skhp.wrappers.base import BaseWrapper
from skhp.wrappers.classifier import KerasClassifier
from skhp.wrappers.regressor import KerasRegressor

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]
