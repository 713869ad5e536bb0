"""Pictures of training and of searches, as scikit-learn Display classes.

A display is made from a fitted estimator (``from_estimator``) or a fitted search
(``from_search``), keeps the numbers behind the picture in ``frame``, and draws on the Axes
given to ``plot``. Displays read ``history_``, ``cv_results_`` and tables; they know no
estimator class. matplotlib is imported when something is drawn.
"""

from skhp.displays.importance import ImportanceDisplay
from skhp.displays.parallel_coordinates import ParallelCoordinatesDisplay
from skhp.displays.score_distribution import ScoreDistributionDisplay
from skhp.displays.search_heatmap import SearchHeatmapDisplay
from skhp.displays.tradeoff import TradeoffDisplay
from skhp.displays.training_curves import TrainingCurvesDisplay

__all__ = [
    "TrainingCurvesDisplay",
    "ParallelCoordinatesDisplay",
    "SearchHeatmapDisplay",
    "ImportanceDisplay",
    "ScoreDistributionDisplay",
    "TradeoffDisplay",
]
