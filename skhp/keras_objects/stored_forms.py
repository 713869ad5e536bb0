"""The stored forms of values that a pickle cannot hold openly as they are.

An estimator's pickle holds these in place of Keras's objects and the user's own code. None
of them imports Keras.
"""

from __future__ import annotations

import dataclasses
from typing import Any


@dataclasses.dataclass
class StoredName:
    """A class or function of Keras, by its module.

    Parameters
    ----------
    module, name : str
    """

    module: str
    name: str


@dataclasses.dataclass
class StoredChoice:
    """An object that Keras finds by a name, such as "relu".

    Parameters
    ----------
    kind : str
        The constructor parameter that takes it: "activation", "loss", ...
    name : str
    """

    kind: str
    name: str


@dataclasses.dataclass
class StoredByConfig:
    """An object that its class makes again from its config.

    Parameters
    ----------
    kind : type or StoredName or StoredCode
    config : dict
    attributes : dict
        To set on it, because the config may not hold them.
    """

    kind: Any
    config: dict[str, Any]
    attributes: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class StoredByState:
    """An object that is stored as its class and its attributes.

    Parameters
    ----------
    kind : type or StoredName or StoredCode
    state : dict
    """

    kind: Any
    state: dict[str, Any]


@dataclasses.dataclass
class StoredCode:
    """Code that `pickle` cannot find by a name, pickled by value. Reading it runs code.

    Parameters
    ----------
    pickled : bytes
        By cloudpickle.
    """

    pickled: bytes
