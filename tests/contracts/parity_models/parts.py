"""Which parts of Keras the cases are made of."""

import inspect
from collections import defaultdict
from functools import cache

import keras

from skhp.compat.keras import layers_within

from . import CASES, not_covered

# Name of a module of Keras -> the class of its parts, and those that no case trains.
PARTS = {
    "layers": (keras.layers.Layer, not_covered.LAYERS),
    "losses": (keras.losses.Loss, not_covered.LOSSES),
    "metrics": (keras.metrics.Metric, not_covered.METRICS),
    "optimizers": (keras.optimizers.Optimizer, not_covered.OPTIMIZERS),
    "optimizers.schedules": (
        keras.optimizers.schedules.LearningRateSchedule,
        not_covered.SCHEDULES,
    ),
    "regularizers": (keras.regularizers.Regularizer, not_covered.REGULARIZERS),
    "constraints": (keras.constraints.Constraint, not_covered.CONSTRAINTS),
}


def parts_of_keras(module):
    """Names of all classes of a kind in Keras, without their other names."""
    base, _ = PARTS[module]
    found = keras
    for name in module.split("."):
        found = getattr(found, name)
    return {v.__name__ for v in vars(found).values() if inspect.isclass(v) and issubclass(v, base)}


def parts_of_case(case):
    """Objects that a case's model is made and compiled of."""
    for layer in layers_within(case.network()):
        yield layer
        yield from vars(layer).values()
    arguments = case.compile()
    optimizer = keras.optimizers.get(arguments["optimizer"])
    yield optimizer
    rate = optimizer.get_config().get("learning_rate")
    yield keras.optimizers.schedules.deserialize(rate) if isinstance(rate, dict) else None
    for name in ("loss", "metrics", "weighted_metrics"):
        yield from keras.tree.flatten(arguments.get(name))


@cache
def parts_by_case():
    """Of each module of Keras, names of parts with the cases that hold them."""
    found = {module: defaultdict(set) for module in PARTS}
    for case_name, case in CASES.items():
        for part in parts_of_case(case):
            for module, (base, _) in PARTS.items():
                if isinstance(part, base):
                    found[module][type(part).__name__].add(case_name)
    return found
