"""Where another library renames a private name: skhp is imported, and says what it lacks.

Each group of names is missing in one fresh process, whose libraries are read with other names.
"""

import ast
import pickle
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import skhp.compat
from skhp.compat.missing_names import MissingPrivateName
from tests.compat.features import plain_search
from tests.fresh_process import run_script

pytestmark = pytest.mark.slow


class Case(NamedTuple):
    """Names that are missing, a feature that needs them, and what must come of it."""

    group: str
    library: str
    names: str
    feature: str
    says: str | None = None  # a part of an error or a warning
    gives: str | None = None  # a part of what it returns


# What a feature does without the names: it ends with an error that says so, or warns, or
# gives the same as before in another way.
CASES = [
    Case("a", "sklearn", "InvalidParameterError", "wrong_parameter", "'width' .* must be an int"),
    Case("a", "sklearn", "_safe_indexing", "curves_of_held_out_rows", "test_fold.* needs sklearn"),
    Case("a", "sklearn", "_callbacks", "learning_curves", gives="^10$"),
    Case("a", "sklearn", "_callback_fit_ctx _skl_callbacks_to_teardown _parent_callback_ctx",
         "copy_within_a_fit", gives="^3$"),
    Case("a", "keras", "_should_trace", "tensorboard_of_keras", gives="keras"),
    Case("a", "keras", "_exclude_from_weight_decay _exclude_from_weight_decay_pattern",
         "weight_decay", "decay is applied to all weights"),
    Case("a", "keras", "_direction", "stop_early_by_accuracy", "Early stopping by a metric needs"),
    Case("a", "keras", "_fn _fn_kwargs", "metric_of_a_function", "MeanMetricWrapper.* needs"),
    Case("a", "keras", "SafeModeScope", "copy_a_model_with_a_lambda", "holds a lambda needs"),
    Case("a", "keras", "get_global_attribute", "fit_own_model", "without a seed does not follow"),
    Case("a", "keras", "_flat_metrics _flat_weighted_metrics", "fit_own_model",
         gives="keras.*Model._compile_metrics._flat_metrics"),
    Case("a", "keras", "_initialize_with_initializer _tracker", "fit_own_model", gives="keras"),
    Case("a", "sklearn", "_run_search", "learning_curves", gives="^10$"),
    Case("a", "tensorflow", "clear_kernel_cache", "many_models", "memory grows with the number"),
    Case("b", "sklearn", "open_listener close_listener send can_reuse_listener",
         "learning_curves", "LearningCurves.* needs .*open_listener"),
    Case("b", "keras", "_var_key _apply_weight_decay _backend_update_step "
         "_backend_reset_gradient_accumulators _overwrite_model_variables_with_average_value",
         "engine_of_network", gives="keras.*Compiled training needs"),
    Case("b", "keras", "_keras_history", "losses_by_the_name_of_the_output", "your own needs"),
    Case("b", "keras", "_dtype_policy _remat_mode _convert_input_args _supports_masking _trainable",
         "fit_own_model", gives="keras.*Telling Keras objects apart needs Layer"),
    Case("b", "keras", "object_name_uids _all_reduce_sum_gradients _name _init_seed",
         "fit_a_model_with_its_own_fit", gives="keras.*True"),
    Case("b", "keras", "_value _initialize _dtype", "fit_a_model_with_its_own_fit",
         gives="keras.*True"),
    Case("a", "keras", "_trainable_variables", "copy_own_model", "layers of it were frozen"),
    Case("b", "tensorflow", "_seed _rng", "fit_a_model_with_its_own_fit",
         "sets the seed"),
    Case("c", "sklearn", "_skl_callbacks", "learning_curves", "not follow.*_skl_callbacks"),
    Case("c", "sklearn", "_skl_callbacks", "curves_without_naming_them", "needs _skl_callbacks"),
    Case("c", "sklearn", "_get_param_names _validate_params", "plain_search", gives="compiled"),
    Case("c", "tensorboard", "EventFileWriter", "tensorboard", "TensorBoard needs EventFileWriter"),
    Case("c", "keras", "_compile_metrics _compile_loss _user_metrics _user_weighted_metrics "
         "_user_loss_weights", "fit_own_model", "model of your own needs"),
    Case("c", "keras", "_flatten_layers", "copy_a_model_with_a_lambda", "Model._flatten_layers"),
    Case("c", "tensorflow", "call_flat eager_mode var_handle_op", "engine_of_network",
         gives="compiled"),
    Case("c", "tensorflow", "_context_handle _physical_devices", "start_in_a_forked_process",
         "forked from one in which TensorFlow was already running"),
    Case("c", "tensorflow", "uid", "plain_search", "not found again on disk"),
    Case("c", "tensorflow", "add_function_def", "plain_search", "traces its programs again"),
]  # fmt: skip

SCRIPT = """
import json
from tests.compat.renaming import rename

rename({names})

from tests.compat import features

print(json.dumps({{f: features.report(getattr(features, f)) for f in {features}}}))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    @cache
    def run_group(group):
        names, features = {}, ["plain_search"]
        for case in CASES:
            if case.group == group:
                names.setdefault(case.library, []).extend(case.names.split())
                features.append(case.feature)
        script = tmp_path_factory.mktemp("missing") / "features.py"
        source = SCRIPT.format(names=names, features=list(dict.fromkeys(features)))
        return run_script(script, source)

    return run_group


@pytest.mark.parametrize("group", sorted({case.group for case in CASES}))
def test_a_plain_search_works(run, group):
    got, expected = run(group)["plain_search"], plain_search()
    assert got["error"] is None
    assert got["value"]["scores"] == expected["scores"]
    assert got["value"]["predicted"] == expected["predicted"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.names}-{case.feature}")
def test_what_needs_the_name(run, case):
    got = run(case.group)[case.feature]
    if case.says is not None:
        assert re.search(case.says, " ".join([*got["warned"], got["error"] or ""]), re.S), got
    else:
        assert got["error"] is None, got
        assert re.search(case.gives, str(got["value"])), got


def test_every_private_name_is_missing_once():
    folder = Path(skhp.compat.__file__).parent
    sources = folder.glob("*.py")
    used = set().union(*(_private_names(ast.parse(p.read_text())) for p in sources))
    assert not used - {name for case in CASES for name in case.names.split()}


def _private_names(tree):
    own = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    own |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    found = {
        n.attr
        for n in ast.walk(tree)
        if isinstance(n, ast.Attribute) and ast.unparse(n.value) != "self"
    }
    found |= {n.value for n in ast.walk(tree)
              if isinstance(n, ast.Constant) and isinstance(n.value, str)}  # fmt: skip
    found |= {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
    return {name for name in found - own if re.fullmatch(r"_[a-z]\w*", name)}


LIBRARIES = (
    "keras",
    "keras_variables",
    "scikeras",
    "sklearn",
    "sklearn_callback",
    "tensorboard",
    "tensorflow",
)


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_function_of_compat_is_tested_in_the_file_of_its_library(library):
    tree = ast.parse(Path(__file__).with_name(f"test_{library}.py").read_text())
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    source = Path(skhp.compat.__file__).with_name(f"{library}.py").read_text()
    kinds = (ast.FunctionDef, ast.ClassDef)
    own = {n.name for n in ast.parse(source).body if isinstance(n, kinds)}
    assert not {name for name in own if not name.startswith("_")} - used


def test_the_error_comes_back_from_a_worker():
    error = MissingPrivateName("numpy", "numpy._gone", "Adding")
    expected = f"Adding needs numpy._gone, a private name of numpy that version {np.__version__}"
    assert re.match(expected, str(pickle.loads(pickle.dumps(error))))
