"""Model-building functions written for keras-tuner, as scikit-learn estimators."""

from skhp.hypermodel.conversion import from_hypermodel

__all__ = ["from_hypermodel"]
