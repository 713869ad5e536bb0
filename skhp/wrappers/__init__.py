"""KerasClassifier and KerasRegressor: your own Keras network as a scikit-learn estimator.

Where to find what:

- The estimators: `classifier`, `regressor`, `base`. What a subclass may override: `hooks`.
- Parameters: `parameters`, `routing` (prefixes), `parameter_checks`, `allowed_values`, `callbacks`,
  `integer_seed`.
- A fit, from data to a trained model: `fit_steps`, then `training`. `stored_fits` is for
  ``memory``, `scoring` for ``scoring``, `warm_start` for fits that continue.
- Data: `inputs` (checks of X and y as given), `rows`, `encoders`, `class_labels`, `class_weights`.
- Making a model: `building`, `builder`, `builder_call`, `argument_copies`, `compile_arguments`,
  `compile_settings`. `repeated_builds` says which models need not be built. `shared_weights`
  refuses a model that another fit has trained.
- What a model's outputs mean, and whether they fit y: `model_checks`, `output_link`,
  `output_shape`.
- The model of an estimator: `model_attribute`, `held_model`, `given_model`.
- A model as the engine trains it: `keras_network`, `model_structure`, `template`, `computation`.
- After and during training: `prediction`, `history`, `parameter_count`, `during_training`.
"""

from skhp.wrappers.base import BaseWrapper
from skhp.wrappers.classifier import KerasClassifier
from skhp.wrappers.regressor import KerasRegressor

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor"]
