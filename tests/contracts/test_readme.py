"""The README's code prints what the README shows; its speeds are those of the result files."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from skhp.engine import compile_count

README = Path(__file__).parents[2] / "README.md"
TOLERANCE = 0.01  # another processor, or another version of TensorFlow


def block(language):
    """The one block of code of a language."""
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(), re.M | re.S)
    return text


def table(printed):
    """A printed data frame, indexed by candidate."""
    lines = [line for line in printed.splitlines() if not line.startswith("candidate")]
    return pd.read_csv(io.StringIO("\n".join(lines)), sep=r"\s+")


def test_the_example_prints_the_table(capsys):
    pytest.importorskip("matplotlib").use("Agg")
    names, before = {}, compile_count()
    exec(compile(block("python"), str(README), "exec"), names)
    shown, printed = table(block("text")), table(capsys.readouterr().out)
    assert list(shown.columns) == list(printed.columns)

    results, score = names["search"].cv_results_, "mean_test_score"
    for candidate, row in shown.iterrows():
        assert row[score] == pytest.approx(results[score][candidate], abs=TOLERANCE)
        parameters = results["params"][candidate]
        assert {name: row[name] for name in parameters} == parameters
    assert shown[score].iloc[0] == pytest.approx(results[score].max(), abs=TOLERANCE)
    assert names["search"].best_estimator_.engine_ == "compiled"
    (n_programs,) = re.findall(r"need (\d+) compiled programs", README.read_text())
    assert compile_count() - before <= int(n_programs)


def test_speeds_are_those_of_the_result_files():
    code = """
import page, speed
assert speed.text() in speed.README.read_text(), "run docs/benchmarks/page.py"
assert page.render() == (page.FOLDER / "results.inc").read_text(), "run docs/benchmarks/page.py"
"""
    folder = README.parent / "docs" / "benchmarks"
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
