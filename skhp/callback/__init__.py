"""scikit-learn callbacks that follow every network of a search."""

from skhp.callback.learning_curves import LearningCurves
from skhp.callback.search_progress import SearchProgress
from skhp.callback.tensorboard import TensorBoard

__all__ = ["LearningCurves", "SearchProgress", "TensorBoard"]
