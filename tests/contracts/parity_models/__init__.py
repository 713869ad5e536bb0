"""The models that `test_parity_models` trains, by name."""

from .layer_cases import LAYER_CASES, PREPARING_CASES
from .loss_cases import LOSS_CASES
from .metric_cases import METRIC_CASES
from .model_cases import MODEL_CASES
from .optimizer_cases import OPTIMIZER_CASES
from .random_layer_cases import RANDOM_LAYER_CASES
from .weight_rule_cases import WEIGHT_RULE_CASES

# What the cases of a table are about -> the table.
TABLES = {
    "layer": LAYER_CASES,
    "preparing layer": PREPARING_CASES,
    "random layer": RANDOM_LAYER_CASES,
    "loss": LOSS_CASES,
    "metric": METRIC_CASES,
    "optimizer": OPTIMIZER_CASES,
    "weights": WEIGHT_RULE_CASES,
    "model": MODEL_CASES,
}

CASES = {f"{kind}: {name}": case for kind, table in TABLES.items() for name, case in table.items()}
