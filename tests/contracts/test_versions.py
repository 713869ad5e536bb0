"""The lowest versions that CI tests with are those that pyproject.toml allows."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_lowest_versions_are_those_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    allowed = {}
    for line in [*project["dependencies"], *extras["plots"], *extras["report"], *extras["test"]]:
        name, lowest = re.fullmatch(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", line).groups()
        assert allowed.setdefault(name, lowest) == lowest
    lines = (ROOT / ".ci/lowest.txt").read_text().splitlines()
    tested = dict(line.split("==") for line in lines if not line.startswith("#"))
    tested.pop("distributed")  # a part of dask[distributed]
    assert tested.keys() == allowed.keys()
    for name, version in tested.items():
        zeros = ".0" * (version.count(".") - allowed[name].count("."))
        assert version == allowed[name] + zeros, name


def test_python_versions_are_those_that_ci_tests():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    marker = "Programming Language :: Python :: 3."
    classifiers = [
        c.removeprefix("Programming Language :: Python :: ")
        for c in project["classifiers"]
        if c.startswith(marker)
    ]
    assert project["requires-python"] == f">={classifiers[0]}"
    assert f"pythons=({' '.join(classifiers)})" in (ROOT / ".ci/run").read_text()


def test_core_tests_exist():
    (listed,) = re.findall(r"core_tests=\((.*?)\)", (ROOT / ".ci/run").read_text(), re.S)
    assert listed.split()
    assert not [path for path in listed.split() if not (ROOT / path).exists()]
