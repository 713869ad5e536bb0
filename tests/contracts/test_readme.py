"""The README's code runs as it stands there."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_example_runs():
    (code,) = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.M | re.S)
    names = {}
    exec(compile(code, str(README), "exec"), names)
    assert names["search"].best_score_ > 0.95
    assert names["network"].engine_ == "compiled"
