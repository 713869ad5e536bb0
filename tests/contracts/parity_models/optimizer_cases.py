"""Each optimizer of Keras, each of its settings, and each schedule."""

from keras import optimizers
from keras.optimizers import schedules

from .case import Case, normal
from .loss_cases import dense


def optimizer_case(make, **more):
    """A case for an optimizer that a function makes."""
    more = {"rtol": 2e-3, **more}
    return Case(
        dense(2, None),
        normal(4),
        normal(2, seed=1),
        lambda: {"optimizer": make(), "loss": "mse"},
        **more,
    )


def by_keras(make, reason):
    """A case for an optimizer that no program knows."""
    return optimizer_case(make, trained_by="keras", reason=reason)


def two_optimizers():
    """One for the first kernel, another for the rest."""
    others = optimizers.OptimizerMap(optimizers.SGD(0.1))
    others[".*bias"] = optimizers.Adam(0.01)
    return optimizers.MultiOptimizer(others)


def no_decay_of_biases():
    """Weight decay for kernels alone."""
    optimizer = optimizers.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


# Beside the learning rate; each is the optimizer's own name and what it is given.
SETTINGS = {
    "SGD": (optimizers.SGD, {}),
    "SGD, momentum": (optimizers.SGD, {"momentum": 0.8}),
    "SGD, nesterov, clipnorm": (
        optimizers.SGD,
        {"momentum": 0.8, "nesterov": True, "clipnorm": 0.1},
    ),
    "SGD, clipvalue, weight_decay": (optimizers.SGD, {"clipvalue": 0.01, "weight_decay": 0.1}),
    "SGD, global_clipnorm": (optimizers.SGD, {"global_clipnorm": 0.1}),
    "RMSprop": (optimizers.RMSprop, {"rho": 0.7}),
    "RMSprop, centered": (optimizers.RMSprop, {"centered": True, "momentum": 0.5}),
    "Adam": (optimizers.Adam, {}),
    "Adam, settings, weight_decay": (
        optimizers.Adam,
        {"beta_1": 0.5, "beta_2": 0.8, "epsilon": 1e-3, "weight_decay": 0.1},
    ),
    "Adam, amsgrad": (optimizers.Adam, {"amsgrad": True, "clipnorm": 0.1}),
    "AdamW": (optimizers.AdamW, {"weight_decay": 0.1}),
    "Adamax": (optimizers.Adamax, {}),
    "Nadam": (optimizers.Nadam, {}),
    "Adagrad": (optimizers.Adagrad, {"initial_accumulator_value": 0.2}),
    "Adadelta": (optimizers.Adadelta, {"rho": 0.5}),
    "Adafactor": (optimizers.Adafactor, {}),
    "Adafactor, settings": (optimizers.Adafactor, {"beta_2_decay": -0.5, "relative_step": False}),
    "Ftrl": (
        optimizers.Ftrl,
        {"l1_regularization_strength": 0.01, "l2_regularization_strength": 0.1, "beta": 0.1},
    ),
    "Lion": (optimizers.Lion, {"beta_1": 0.5}),
    "Lamb": (optimizers.Lamb, {}),
    "Muon": (optimizers.Muon, {}),
    "Muon, weight_decay": (optimizers.Muon, {"weight_decay": 0.1, "nesterov": False}),
}
RATES = {"Adadelta": 1.0, "Adafactor": 0.05, "SGD": 0.1}

SCHEDULES = {
    "ExponentialDecay": lambda: schedules.ExponentialDecay(0.1, 2, 0.5, staircase=True),
    "InverseTimeDecay": lambda: schedules.InverseTimeDecay(0.1, 2, 0.5),
    "PiecewiseConstantDecay": lambda: schedules.PiecewiseConstantDecay([2, 4], [0.1, 0.01, 0.05]),
    "PolynomialDecay": lambda: schedules.PolynomialDecay(0.1, 4, 0.01, power=2.0),
    "CosineDecay": lambda: schedules.CosineDecay(0.01, 4, warmup_target=0.1, warmup_steps=2),
    "CosineDecayRestarts": lambda: schedules.CosineDecayRestarts(0.1, 2),
}

OPTIMIZER_CASES = {
    **{
        name: optimizer_case(
            lambda kind=kind, given=given: kind(RATES.get(kind.__name__, 0.01), **given)
        )
        for name, (kind, given) in SETTINGS.items()
    },
    **{
        name: optimizer_case(lambda schedule=schedule: optimizers.SGD(schedule()))
        for name, schedule in SCHEDULES.items()
    },
    "Adam, schedule": optimizer_case(
        lambda: optimizers.Adam(schedules.ExponentialDecay(0.1, 2, 0.5), amsgrad=True)
    ),
    "a name": optimizer_case(lambda: "nadam"),
    "use_ema": by_keras(
        lambda: optimizers.SGD(0.1, use_ema=True, ema_overwrite_frequency=2), "moving average"
    ),
    "gradient_accumulation_steps": by_keras(
        lambda: optimizers.SGD(0.1, gradient_accumulation_steps=2), "accumulates gradients"
    ),
    "loss_scale_factor": by_keras(
        lambda: optimizers.SGD(0.1, loss_scale_factor=8.0), "scales the loss"
    ),
    "LossScaleOptimizer": by_keras(
        lambda: optimizers.LossScaleOptimizer(optimizers.SGD(0.1)), "scales the loss"
    ),
    "exclude_from_weight_decay": by_keras(no_decay_of_biases, "excludes some weights"),
    "Muon, excluded layers": by_keras(
        lambda: optimizers.Muon(0.01, exclude_layers=["dense"]), "by their names"
    ),
    "ScheduleFreeAdamW": by_keras(
        lambda: optimizers.ScheduleFreeAdamW(0.01), "in Keras's fit differs"
    ),
    "MultiOptimizer": by_keras(two_optimizers, "several optimizers"),
}
