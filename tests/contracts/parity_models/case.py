"""What a parity case is, and the data and first weights that all cases use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers

ROWS, BATCH, EPOCHS = 22, 8, 2  # 22 = 8 + 8 + 6: the last batch is partial


def same(values):
    """The values themselves."""
    return values


def mse():
    """What most cases compile with."""
    return {"optimizer": keras.optimizers.SGD(0.02), "loss": "mse", "metrics": ["mae"]}


@dataclass(frozen=True)
class Case:
    """A model that skhp and Keras both train.

    Parameters
    ----------
    network : callable
        Makes the model.
    X, y : ndarray
    compile : callable
        Makes the arguments of ``compile``, anew for each model.
    inputs, targets : callable
        What the model is given: one array, or a list or dict of arrays, made from X and y.
    sample_weight : ndarray or None
    fit : dict
        More arguments of ``fit``.
    trained_by : {"program", "keras"} or None
        What skhp trains with; None where either is right.
    reason : str
        A part of ``engine_reason_`` where that is Keras.
    jit : bool
        Whether the reference runs through XLA. Random numbers are then the same.
    rtol : float
        For weights.
    all_learn : bool
        Whether Keras must change all weights, or only some, for the case to mean anything.
    """

    network: Callable[[], keras.Model]
    X: np.ndarray
    y: np.ndarray
    compile: Callable[[], dict[str, Any]] = mse
    inputs: Callable[[np.ndarray], Any] = same
    targets: Callable[[np.ndarray], Any] = same
    sample_weight: np.ndarray | None = None
    fit: dict[str, Any] = field(default_factory=dict)
    trained_by: str | None = "program"
    reason: str = ""
    jit: bool = False
    rtol: float = 1e-3
    all_learn: bool = False

    def model(self, **more: Any) -> keras.Model:
        """The compiled model, with the same weights each time."""
        model = self.network()
        set_first_weights(model)
        model.compile(**{**self.compile(), **more})
        return model


def set_first_weights(model):
    """Give a model weights that NumPy drew, near those that its layers begin with."""
    rng = np.random.default_rng(0)
    for variable in model.weights:
        noise = rng.normal(size=variable.shape)
        if len(variable.shape) > 1:
            variable.assign(noise / np.sqrt(np.prod(variable.shape[:-1])))
        elif variable.trainable:
            centre = 1.0 if variable.name in ("gamma", "scale") else 0.0
            variable.assign(centre + 0.2 * noise)
    known = {id(variable) for variable in model.weights}
    seeds = [v for v in model.non_trainable_variables if id(v) not in known]
    for i, variable in enumerate(seeds):
        variable.assign([i + 1, 0])


def normal(*shape, n=ROWS, seed=0):
    """Rows of normal numbers."""
    return np.random.default_rng(seed).normal(size=(n, *shape)).astype("float32")


def integers(limit, *shape, n=ROWS, seed=0):
    """Rows of integers from 0 to the limit."""
    return np.random.default_rng(seed).integers(0, limit, size=(n, *shape)).astype("int32")


def positive(*shape, n=ROWS, seed=0):
    """Rows of numbers between 0.1 and 1."""
    return np.random.default_rng(seed).uniform(0.1, 1, size=(n, *shape)).astype("float32")


def one_hot(k, n=ROWS):
    """Rows of one class among k."""
    return np.eye(k, dtype="float32")[integers(k, n=n)]


def between(*middle, shape=(4,), units=1):
    """A network with these layers between two dense ones, both of which learn."""

    def network():
        made = [layer() for layer in middle]
        return keras.Sequential(
            [
                keras.Input(shape),
                layers.Dense(shape[-1], activation="tanh"),
                *made,
                layers.Flatten(),
                layers.Dense(units),
            ]
        )

    return network


def first(*begin, shape=(4,), dtype="float32"):
    """A network that begins with these layers."""

    def network():
        made = [layer() for layer in begin]
        head = [layers.Flatten(), layers.Dense(1)]
        return keras.Sequential([keras.Input(shape, dtype=dtype), *made, *head])

    return network


def layer_case(*middle, shape=(4,), **more):
    """A case for a layer that takes floats of a shape."""
    return _on_floats(between(*middle, shape=shape), shape, **more)


def branches_case(*layers_, shape=(4,), **more):
    """A case for several layers, each in a branch of its own.

    A branch is a dense layer, then the layer. The last layer of the network joins the branches:
    it has weights of its own for each branch. So a wrong output of a layer shows in these, and
    a wrong gradient shows in the dense layer before it, as in a network with this layer alone.
    """

    def network():
        x = keras.Input(shape)
        dense = [layers.Dense(shape[-1], activation="tanh") for _ in layers_]
        ends = [
            layers.Flatten()(layer()(before(x)))
            for before, layer in zip(dense, layers_, strict=True)
        ]
        return keras.Model(x, layers.Dense(1)(layers.Concatenate()(ends)))

    return _on_floats(network, shape, **more)


def _on_floats(network, shape, n=ROWS, **more):
    return Case(network, normal(*shape, n=n), normal(1, n=n, seed=1), **more)
