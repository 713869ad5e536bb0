"""The house rules, read from the source: who may import whom, and what of others' is private."""

import ast
from functools import cache
from pathlib import Path

import pytest

import skhp

ROOT = Path(skhp.__file__).parent
MODULES = sorted(path.relative_to(ROOT.parent) for path in ROOT.rglob("*.py"))


def module_name(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def imports(path):
    """Full dotted names that a module imports, wherever in it, and whether at run time."""
    found = []
    tree = ast.parse((ROOT.parent / path).read_text())
    for node in _run_time_nodes(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def _run_time_nodes(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _run_time_nodes(child)


def within(name, package):
    return name == package or name.startswith(package + ".")


MLP = ["skhp.mlp", "skhp.mlp_classifier", "skhp.mlp_regressor"]

# A module may import nothing of what stands behind it here.
FORBIDDEN = {
    "skhp.engine": [
        "sklearn", "pandas", "matplotlib", "skhp.base", *MLP, "skhp.targets",
        "skhp.planning", "skhp.wrappers", "skhp.callback", "skhp.search", "skhp.displays",
    ],
    "skhp.network": ["sklearn", "skhp.base", *MLP, "skhp.targets", "skhp.planning"],
    "skhp.mlp_layout": ["sklearn", "skhp.base", *MLP, "skhp.network", "skhp.planning"],
    "skhp.displays": [
        "keras", "tensorflow", "skhp.engine", "skhp.base", *MLP, "skhp.wrappers",
        "skhp.network", "skhp.mlp_layout", "skhp.planning",
    ],
    "skhp.targets": ["skhp.base", *MLP, "skhp.engine"],
    "skhp.base": [*MLP, "skhp.wrappers", "skhp.search", "skhp.displays"],
    **{name: ["skhp.wrappers", "skhp.search", "skhp.displays"] for name in MLP},
}  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_run_one_way(path):
    for package, forbidden in FORBIDDEN.items():
        if within(module_name(path), package):
            wrong = [n for n in imports(path) if any(within(n, other) for other in forbidden)]
            assert not wrong, f"{package} must not import {wrong}"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_private_names_of_other_libraries_are_for_compat(path):
    if module_name(path) == "skhp.compat":
        return
    wrong = [
        name
        for name in imports(path)
        if not within(name, "__future__")
        and any(part.startswith("_") or name.startswith("keras.src") for part in name.split("."))
        and not within(name, "skhp")
    ]
    assert not wrong, f"{wrong} belong into skhp/compat.py"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_only_the_adapters_know_a_backend(path):
    # compat borrows a private name of one.
    if module_name(path) in {"skhp.runtime", "skhp.engine.tensorflow", "skhp.compat"}:
        return
    backends = ("tensorflow", "jax", "torch")
    assert not [n for n in imports(path) if any(within(n, other) for other in backends)]


def test_the_rules_can_fail():
    # compat does what the others must not.
    compat = Path("skhp/compat.py")
    assert any("._" in name for name in imports(compat))
    assert any(name.startswith("keras.src") for name in imports(compat))
    assert len(MODULES) > 20
