"""MLPClassifier and MLPRegressor: Keras networks as scikit-learn estimators."""

from __future__ import annotations

import inspect

from skhp.mlp.classifier import MLPClassifier
from skhp.mlp.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]

# scikit-learn reads it about ten times in each fit, and computing it takes long.
for _kind in (MLPClassifier, MLPRegressor):
    _kind.__init__.__signature__ = inspect.signature(_kind.__init__)  # type: ignore[union-attr]
