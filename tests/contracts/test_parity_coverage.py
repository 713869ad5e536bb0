"""The parity cases hold every part of Keras, and the guide says what they show."""

import re
from pathlib import Path

import pytest

from skhp.engine.rowwise import ROWWISE_LAYERS, ROWWISE_LOSSES, ROWWISE_METRICS
from tests.contracts.parity_models import CASES, not_covered
from tests.contracts.parity_models.parts import PARTS, parts_by_case, parts_of_keras

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "compiled.rst"


@pytest.mark.parametrize("module", PARTS)
def test_a_case_or_a_reason_for_each_part_of_keras(module):
    reasons = PARTS[module][1]
    known, trained = parts_of_keras(module), set(parts_by_case()[module])
    missing = known - trained - set(reasons)
    assert not missing, f"Keras has {missing}: add a case, or a reason in not_covered.py"
    assert not set(reasons) - known, "Keras no longer has these"
    assert not set(reasons) & trained, "there are cases for these"


def test_there_are_many_cases():
    assert len(CASES) >= 150


def section(title):
    """The text below a heading of the page."""
    _, _, rest = PAGE.read_text().partition(f"\n{title}\n{'-' * len(title)}\n")
    assert rest, f"the page has no section {title!r}"
    return re.split(r"\n[-=]{4,}\n", rest)[0]


def names(title):
    """Names of classes in a section."""
    return set(re.findall(r"``([A-Z]\w+)``", section(title)))


def trained_by_keras(module):
    """Parts for which there is no compiled case."""
    parts = parts_by_case()[module]
    by_keras = {
        part for part, of in parts.items() if all(CASES[c].trained_by == "keras" for c in of)
    }
    return by_keras & parts_of_keras(module)  # no classes of the cases' own


def test_page_lists_what_keras_trains():
    assert names("Layers that Keras trains") == trained_by_keras("layers")
    # The page also names settings of Muon.
    optimizers = names("Optimizers that Keras trains with") - {"Muon"}
    assert optimizers == trained_by_keras("optimizers")
    assert names("Losses, metrics, regularizers and constraints") == trained_by_keras("losses")
    for module in ("metrics", "regularizers", "constraints", "optimizers.schedules"):
        assert not trained_by_keras(module)


def test_page_lists_layers_without_a_test():
    assert names("Layers without a test") == set(not_covered.LAYERS)


def test_page_lists_what_partial_batches_are_filled_for():
    assert names("Partial batches") == ROWWISE_LAYERS | ROWWISE_LOSSES | ROWWISE_METRICS
