"""Each metric of Keras, some of one kind to a model, with and without sample weights."""

import keras
from keras import metrics

from .case import Case, normal
from .loss_cases import KINDS, WEIGHT, dense, of_several_outputs

LOSS_OF = {
    "values": "mse",
    "positive": "mse",
    "binary": "binary_crossentropy",
    "labels": "binary_crossentropy",
    "signs": "hinge",
    "one of 3": "categorical_crossentropy",
    "number of 3": "sparse_categorical_crossentropy",
}


def made(factories, first=0):
    """Metrics with numbers in their names, because a model may have several of a class.

    Keras would number them by how many the process has made.
    """
    found = [factory() for factory in factories]
    for i, metric in enumerate(found, first):
        metric.name = f"{type(metric).__name__}_{i}"
    return found


def metric_case(kind, *factories, **more):
    """A case for metrics that take targets of one kind."""
    y, units, activation = KINDS[kind]

    def compile():
        return {
            "optimizer": keras.optimizers.SGD(0.1),
            "loss": LOSS_OF[kind],
            "metrics": made(factories),
            "weighted_metrics": made(factories, first=len(factories)),
        }

    network = dense(units, activation)
    return Case(network, normal(4), y, compile, sample_weight=WEIGHT, **more)


def metrics_case(factories):
    """A case for metrics by the kind of targets that they take, each kind with its output."""

    def compile():
        return {
            "optimizer": keras.optimizers.SGD(0.1),
            "loss": [LOSS_OF[kind] for kind in factories],
            "metrics": [made(of) for of in factories.values()],
            "weighted_metrics": [made(of, first=len(of)) for of in factories.values()],
        }

    return of_several_outputs(outputs_of(factories), compile)


def by_name(names):
    """A case for metrics given by their names, by the kind of targets."""

    def compile():
        return {
            "optimizer": keras.optimizers.SGD(0.1),
            "loss": [LOSS_OF[kind] for kind in names],
            "metrics": list(names.values()),
        }

    return of_several_outputs(outputs_of(names), compile)


def outputs_of(kinds):
    """The name of an output for each kind of targets."""
    return {kind.replace(" ", "_"): kind for kind in kinds}


def wrapped():
    """A function of Keras as a metric."""
    return metrics.MeanMetricWrapper(keras.losses.log_cosh, name="wrapped")


# The metrics of a case are all rowwise or all not: one that is not decides for all.
METRIC_CASES = {
    "values and signs": metrics_case(
        {
            "values": (
                metrics.MeanSquaredError,
                metrics.RootMeanSquaredError,
                metrics.MeanAbsoluteError,
                metrics.LogCoshError,
                metrics.CosineSimilarity,
                metrics.R2Score,
                lambda: metrics.R2Score(class_aggregation="variance_weighted_average"),
                metrics.PearsonCorrelation,
                metrics.ConcordanceCorrelation,
            ),
            "positive": (
                metrics.MeanAbsolutePercentageError,
                metrics.MeanSquaredLogarithmicError,
                metrics.Poisson,
                metrics.KLDivergence,
            ),
            "signs": (metrics.Hinge, metrics.SquaredHinge),
        }
    ),
    "a wrapped function": metric_case("values", wrapped),
    "AUC of labels": metric_case(
        "labels", lambda: metrics.AUC(multi_label=True, num_thresholds=20)
    ),
    "binary": metric_case(
        "binary",
        metrics.TruePositives,
        metrics.TrueNegatives,
        metrics.FalsePositives,
        lambda: metrics.FalseNegatives(thresholds=0.4),
        metrics.Precision,
        lambda: metrics.Recall(thresholds=0.4),
        metrics.BinaryIoU,
        lambda: metrics.AUC(num_thresholds=20),
        lambda: metrics.AUC(curve="PR"),
        lambda: metrics.PrecisionAtRecall(0.5, num_thresholds=20),
        lambda: metrics.RecallAtPrecision(0.5, num_thresholds=20),
        lambda: metrics.SensitivityAtSpecificity(0.5, num_thresholds=20),
        lambda: metrics.SpecificityAtSensitivity(0.5, num_thresholds=20),
    ),
    "classes": metrics_case(
        {
            "labels": (
                metrics.Accuracy,
                metrics.BinaryAccuracy,
                metrics.BinaryCrossentropy,
                lambda: metrics.F1Score(threshold=0.5, average="micro"),
            ),
            "one of 3": (
                metrics.CategoricalAccuracy,
                lambda: metrics.TopKCategoricalAccuracy(2),
                metrics.CategoricalCrossentropy,
                metrics.CategoricalHinge,
                lambda: metrics.F1Score(average="macro"),
                lambda: metrics.FBetaScore(average="weighted", beta=2.0),
                lambda: metrics.Precision(top_k=2, class_id=0),
                lambda: metrics.Recall(top_k=1),
                lambda: metrics.OneHotIoU(3, target_class_ids=[0, 2]),
                lambda: metrics.OneHotMeanIoU(3),
            ),
            "number of 3": (
                metrics.SparseCategoricalAccuracy,
                lambda: metrics.SparseTopKCategoricalAccuracy(2),
                metrics.SparseCategoricalCrossentropy,
                lambda: metrics.IoU(3, target_class_ids=[0, 1], sparse_y_pred=False),
                lambda: metrics.MeanIoU(3, sparse_y_pred=False),
            ),
        }
    ),
    "several values": metric_case(
        "one of 3",
        metrics.F1Score,
        lambda: metrics.Recall(thresholds=[0.3, 0.6]),
        trained_by="keras",
        reason="has several values",
    ),
    "names": by_name(
        {
            "binary": ["accuracy", "auc"],
            "labels": ["acc", "mse"],
            "one of 3": ["accuracy", "top_k_categorical_accuracy"],
            "number of 3": ["accuracy"],
            "values": ["mae", "mean_squared_error", "cosine_similarity"],
        }
    ),
}
