"""MLPClassifier and MLPRegressor: Keras networks as scikit-learn estimators."""

from __future__ import annotations

import inspect

from skhp.mlp.classifier import MLPClassifier
from skhp.mlp.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]

# scikit-learn asks for it some ten times a fit, and it takes long to work out.
for _kind in (MLPClassifier, MLPRegressor):
    _kind.__init__.__signature__ = inspect.signature(_kind.__init__)  # type: ignore[union-attr]
