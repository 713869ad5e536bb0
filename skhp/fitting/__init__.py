"""What both kinds of estimators do around one training.

Where to find what:

- Parameters: `allowed_values`, `callback_support`, `class_weight`.
- Data: `features` (X), `ready_arrays`, `lists`, `string_labels`, `sample_weight`, `rows`,
  `held_out_rows`.
- Predictions: `accuracy`.
- A fit: `fit_task` (scikit-learn's callbacks), `validation_score`, `divergence`, `outcome`.
- Fits on disk, for ``memory``: `store`, `store_format`, `fit_checkpoints`, `stored_checkpoint`,
  `fit_key`, `callback_key`.
- Messages: `user_warning`, `warn_once`, `keras_message`.
"""
