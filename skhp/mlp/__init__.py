"""MLPClassifier and MLPRegressor: Keras networks as scikit-learn estimators.

Where to find what:

- The estimators: `classifier`, `regressor`, `base`. Parameters: `parameter_checks`, `other_names`.
- A fit, from data to a trained network: `fit_steps`, then `training`. `planning` makes the network
  and the plan, `monitor` says what early stopping watches, `network_key` is for ``memory``,
  `history` for fits that continue.
- Data: `rows`, `target_checks`, `class_targets`, `target_coding`, `targets`. Functions of the user
  are tried first: `user_functions`.
- The network, once for all: `spec`, `layers`, `initial_kernels`.
- The network as a program: `network`, `layout`, `computation`, `forward`, `counter_random`. How
  networks share programs: `shared_sizes`, `shared_activation`, `activation_curves`.
- The network in NumPy, to predict: `outputs`, `prediction`, `activations`.
"""

from __future__ import annotations

import inspect

from skhp.mlp.classifier import MLPClassifier
from skhp.mlp.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]

# scikit-learn reads it about ten times in each fit, and computing it takes long.
for _kind in (MLPClassifier, MLPRegressor):
    _kind.__init__.__signature__ = inspect.signature(_kind.__init__)  # type: ignore[union-attr]
