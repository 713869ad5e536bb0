"""Pictures of training and of searches, as scikit-learn Display classes.

``from_estimator`` and ``from_search`` make a display from a fitted estimator or a fitted
search. ``frame`` holds the numbers that the picture shows. ``plot`` draws it on an Axes.
Displays read ``history_``, ``cv_results_`` and tables, so they work with any estimator class.
matplotlib is imported only when a display draws.
"""

from skhp.displays.importance import ImportanceDisplay
from skhp.displays.optimization_history import OptimizationHistoryDisplay
from skhp.displays.parallel_coordinates import ParallelCoordinatesDisplay
from skhp.displays.score_distribution import ScoreDistributionDisplay
from skhp.displays.search_heatmap import SearchHeatmapDisplay
from skhp.displays.slices import SliceDisplay
from skhp.displays.tradeoff import TradeoffDisplay
from skhp.displays.training_curves import TrainingCurvesDisplay

__all__ = [
    "TrainingCurvesDisplay",
    "OptimizationHistoryDisplay",
    "ParallelCoordinatesDisplay",
    "SliceDisplay",
    "SearchHeatmapDisplay",
    "ImportanceDisplay",
    "ScoreDistributionDisplay",
    "TradeoffDisplay",
]
