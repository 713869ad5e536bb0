"""Rules for imports, read from the source: between folders, and of other libraries."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

import skhp

ROOT = Path(skhp.__file__).parent
MODULES = sorted(path.relative_to(ROOT.parent) for path in ROOT.rglob("*.py"))


def module_name(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def imports(path, for_types=False):
    """Full dotted names that a module imports at run time, and for type checking too if asked."""
    found = []
    tree = ast.parse((ROOT.parent / path).read_text())
    for node in ast.walk(tree) if for_types else _run_time_nodes(tree):
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


# A folder imports folders in lines above its own line, never one in the same line or below.
FLOORS = (
    ("compat",),
    ("candidates", "runtime"),
    ("displays", "keras_objects"),
    ("engine",),
    ("fitting",),
    ("mlp", "wrappers", "callback"),
    ("search", "hypermodel"),
    ("__init__",),
)
FLOOR_OF = {folder: floor for floor, folders in enumerate(FLOORS) for folder in folders}

# What a whole folder does not import.
FORBIDDEN = {
    "skhp.engine": ("sklearn", "pandas", "matplotlib"),
    "skhp.displays": ("keras", "tensorflow"),
    "skhp.candidates": ("keras", "tensorflow", "matplotlib"),
}


def folder_of(name):
    """The folder of skhp that a module's name leads into; the package itself is __init__."""
    first = name.split(".")[1:2]
    return first[0] if first and first[0] in FLOOR_OF else "__init__"


def modules_with(wrong_imports):
    """The names of modules with what a function finds wrong in them."""
    found = {module_name(path): wrong_imports(path) for path in MODULES}
    return {name: wrong for name, wrong in found.items() if wrong}


def test_imports_run_one_way():
    def folders_not_before(path):
        own = folder_of(module_name(path))
        imported = {folder_of(n) for n in imports(path) if within(n, "skhp")} - {own}
        return [folder for folder in imported if FLOOR_OF[folder] >= FLOOR_OF[own]]

    assert modules_with(folders_not_before) == {}


def test_every_folder_has_its_place():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == set(FLOOR_OF) - {"__init__"}
    assert [path.name for path in ROOT.glob("*.py")] == ["__init__.py"]
    assert len(FLOOR_OF) <= 15


def test_a_large_folder_lists_its_modules():
    def wrong_names(path):
        names = {child.stem for child in (ROOT.parent / path.parent).iterdir()}
        names -= {"__init__", "__pycache__"}
        if path.name != "__init__.py" or len(names) <= 20:
            return []
        docstring = ast.get_docstring(ast.parse((ROOT.parent / path).read_text()))
        return sorted(names ^ set(re.findall(r"(?<!`)`(\w+)`(?!`)", docstring)))

    assert modules_with(wrong_names) == {}


def test_no_two_modules_import_each_other():
    depends = {module_name(path): _modules_of(imports(path, for_types=True)) for path in MODULES}
    left = dict(depends)
    while free := [name for name, needed in left.items() if not needed & left.keys() - {name}]:
        for name in free:
            del left[name]
    assert not left, f"these import each other in a circle: {sorted(left)}"


def _modules_of(names):
    known = {module_name(path) for path in MODULES}
    return {n if n in known else n.rpartition(".")[0] for n in names if within(n, "skhp")} & known


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_folders_do_without(folder):
    def forbidden(path):
        return _imports_of(path, FORBIDDEN[folder]) if within(module_name(path), folder) else []

    assert modules_with(forbidden) == {}


def _imports_of(path, packages):
    return [n for n in imports(path) if any(within(n, package) for package in packages)]


def test_private_names_of_other_libraries_are_for_compat():
    def private_names(path):
        is_free = within(module_name(path), "skhp.compat")
        return [] if is_free else [name for name in imports(path) if _is_private(name)]

    assert modules_with(private_names) == {}


def _is_private(name):
    if within(name, "__future__") or within(name, "skhp"):
        return False
    return name.startswith("keras.src") or any(part.startswith("_") for part in name.split("."))


# compat/tensorflow and compat/keras borrow private names of TensorFlow.
ADAPTERS = ("skhp.runtime.starting", "skhp.engine.backends", "skhp.compat")


def test_only_the_adapters_know_a_backend():
    def backends(path):
        if any(within(module_name(path), name) for name in ADAPTERS):
            return []
        return _imports_of(path, ("tensorflow", "jax", "torch"))

    assert modules_with(backends) == {}


def test_the_rules_can_fail():
    # compat does what the others must not.
    of_sklearn, of_keras = (
        imports(Path(f"skhp/compat/{name}.py")) for name in ("sklearn", "keras")
    )
    assert any("._" in name for name in of_sklearn)
    assert any(name.startswith("keras.src") for name in of_keras)
    assert len(MODULES) > 20
