"""Each metric of Keras, some of one kind to a model, with and without sample weights."""

import keras
from keras import metrics

from .case import Case, normal
from .loss_cases import KINDS, WEIGHT, dense

LOSS_OF = {
    "values": "mse",
    "positive": "mse",
    "binary": "binary_crossentropy",
    "labels": "binary_crossentropy",
    "signs": "hinge",
    "one of 3": "categorical_crossentropy",
    "number of 3": "sparse_categorical_crossentropy",
}


def metric_case(kind, *factories, **more):
    """A case for metrics that take targets of one kind."""
    y, units, activation = KINDS[kind]

    def compile():
        made = [[factory() for factory in factories] for _ in range(2)]
        for i, metric in enumerate(made[0] + made[1]):
            # Keras counts the metrics of a class in a process, in the names it gives them.
            metric.name = f"{type(metric).__name__}_{i}"
        return {
            "optimizer": keras.optimizers.SGD(0.1),
            "loss": LOSS_OF[kind],
            "metrics": made[0],
            "weighted_metrics": made[1],
        }

    network = dense(units, activation)
    return Case(network, normal(4), y, compile, sample_weight=WEIGHT, **more)


def by_name(kind, *names):
    """A case for metrics given by their names."""
    y, units, activation = KINDS[kind]

    def compile():
        optimizer = keras.optimizers.SGD(0.1)
        return {"optimizer": optimizer, "loss": LOSS_OF[kind], "metrics": list(names)}

    return Case(dense(units, activation), normal(4), y, compile, sample_weight=WEIGHT)


def wrapped():
    """A function of Keras as a metric."""
    return metrics.MeanMetricWrapper(keras.losses.log_cosh, name="wrapped")


# The metrics of a case are all rowwise or all not: one that is not decides for all.
METRIC_CASES = {
    "values": metric_case(
        "values",
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
    "a wrapped function": metric_case("values", wrapped),
    "values, relative to the target": metric_case(
        "positive",
        metrics.MeanAbsolutePercentageError,
        metrics.MeanSquaredLogarithmicError,
        metrics.Poisson,
        metrics.KLDivergence,
    ),
    "labels": metric_case(
        "labels",
        metrics.Accuracy,
        metrics.BinaryAccuracy,
        metrics.BinaryCrossentropy,
        lambda: metrics.F1Score(threshold=0.5, average="micro"),
    ),
    "AUC of labels": metric_case(
        "labels", lambda: metrics.AUC(multi_label=True, num_thresholds=20)
    ),
    "signs": metric_case("signs", metrics.Hinge, metrics.SquaredHinge),
    "binary": metric_case(
        "binary",
        metrics.TruePositives,
        metrics.TrueNegatives,
        metrics.FalsePositives,
        lambda: metrics.FalseNegatives(thresholds=0.4),
        metrics.Precision,
        lambda: metrics.Recall(thresholds=0.4),
        metrics.BinaryIoU,
    ),
    "binary, at thresholds": metric_case(
        "binary",
        lambda: metrics.AUC(num_thresholds=20),
        lambda: metrics.AUC(curve="PR"),
        lambda: metrics.PrecisionAtRecall(0.5, num_thresholds=20),
        lambda: metrics.RecallAtPrecision(0.5, num_thresholds=20),
        lambda: metrics.SensitivityAtSpecificity(0.5, num_thresholds=20),
        lambda: metrics.SpecificityAtSensitivity(0.5, num_thresholds=20),
    ),
    "one of 3": metric_case(
        "one of 3",
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
    "number of 3": metric_case(
        "number of 3",
        metrics.SparseCategoricalAccuracy,
        lambda: metrics.SparseTopKCategoricalAccuracy(2),
        metrics.SparseCategoricalCrossentropy,
        lambda: metrics.IoU(3, target_class_ids=[0, 1], sparse_y_pred=False),
        lambda: metrics.MeanIoU(3, sparse_y_pred=False),
    ),
    "several values": metric_case(
        "one of 3",
        metrics.F1Score,
        lambda: metrics.Recall(thresholds=[0.3, 0.6]),
        trained_by="keras",
        reason="has several values",
    ),
    "names, binary": by_name("binary", "accuracy", "auc"),
    "names, labels": by_name("labels", "acc", "mse"),
    "names, one-hot": by_name("one of 3", "accuracy", "top_k_categorical_accuracy"),
    "names, numbers": by_name("number of 3", "accuracy"),
    "names, values": by_name("values", "mae", "mean_squared_error", "cosine_similarity"),
}
