"""Write the README's part on speed from the JSON files in ``results/``."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import comparison

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- speed: written by docs/benchmarks/page.py -->\n", "<!-- end of speed -->\n"
UNITS = {"s": "s", "ms": "ms", "mb": "MB"}


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes
    ----------
    work : str
        What was measured.
    file : str
        The name of the result file.
    columns : tuple of str
        The numbers that are shown.
    system : str
        The system that is shown as skhp.
    others : mapping of str to str
        The other systems, and how the README calls them.
    """

    work: str
    file: str
    columns: tuple[str, ...]
    system: str = "skhp"
    others: Mapping[str, str] = field(default_factory=dict)


SKLEARN = {"sklearn": "scikit-learn"}
WRAPPERS = {
    "skorch": "skorch",
    "keras-tuner": "keras-tuner (one fold only)",
    "keras.wrappers": "`keras.wrappers`",
    "scikeras": "scikeras",
}
ROWS = (
    Row(
        "Grid of 24 small networks, 5 folds", "tabular_grid", ("cold_s",), others=SKLEARN | WRAPPERS
    ),
    Row(
        "the same search again, in the same process",
        "tabular_grid",
        ("warm_s",),
        others=SKLEARN | WRAPPERS,
    ),
    Row(
        "in a later process, with the programs on disk",
        "tabular_grid_disk",
        ("cold_s",),
        "skhp-later",
    ),
    Row(
        "with `KerasClassifier` and scikeras's builder; again",
        "tabular_grid",
        ("cold_s", "warm_s"),
        "skhp-wrapper",
    ),
    Row(
        "with `n_jobs=2` in processes, programs on disk; again",
        "tabular_grid_2_loky",
        ("cold_s", "warm_s"),
        "skhp-later",
        SKLEARN,
    ),
    Row(
        "with `n_jobs=2` in forked processes, programs on disk",
        "tabular_grid_2_multiprocessing",
        ("cold_s",),
        "skhp-later",
        SKLEARN,
    ),
    Row(
        "20 learning rates and penalties, 3 folds, 6 layers of 100",
        "random_search_digits",
        ("cold_s",),
        others=SKLEARN,
    ),
    Row(
        "An epoch of 8192 rows, 3072 columns, 950 units; batches of 32, batches of 256",
        "compute_bound",
        ("batch_32_s", "batch_256_s"),
        others={"keras": "Keras", "keras-jit": "Keras with XLA", "torch": "a torch loop"},
    ),
    Row(
        "`predict` of 1 row, of 100,000 rows",
        "predict",
        ("one_row_ms", "many_rows_ms"),
        others={"keras-predict": "Keras", "keras-predict-4096": "Keras, batches of 4096"} | SKLEARN,
    ),
    Row(
        "`fit` on 500 MB: processor time, memory beyond X",
        "large_data",
        ("fit_s", "fit_mb"),
        others={"keras": "Keras"} | SKLEARN,
    ),
)


def write():
    """Replace the README's part on speed."""
    before, rest = README.read_text().split(BEGIN)
    _, after = rest.split(END)
    README.write_text(f"{before}{BEGIN}{text()}{END}{after}")


def text():
    """Return the machine, the table, and where skhp is slower."""
    table = [f"| {' | '.join(cells(row))} |" for row in ROWS if stored(row.file)]
    heads = ["| Work | skhp | the others |", "|---|---|---|"]
    return "\n\n".join([conditions(), "\n".join([*heads, *table]), slower()]) + "\n"


def stored(name):
    """Return a result file; None if there is none."""
    file = comparison.RESULTS / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else None


def cells(row):
    """Return a row's texts: the work, skhp's numbers, and those of the others."""
    results = stored(row.file)
    others = {name: shown(results, key, row.columns) for key, name in row.others.items()}
    known = "; ".join(f"{name} {numbers}" for name, numbers in others.items() if numbers)
    return row.work, shown(results, row.system, row.columns), known


def shown(results, system, columns):
    """Return a system's medians with their units; an empty text if it was not measured."""
    values = [(comparison.median(results, system, column), column) for column in columns]
    return ", ".join(
        f"{short(value)} {UNITS[column.rsplit('_', 1)[-1]]}"
        for value, column in values
        if value is not None
    )


def short(value):
    """Write a number with two digits, or as a whole number."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


CONDITIONS = """\
Measured on {cores} cores, with Python {python}, scikit-learn {sklearn}, Keras {keras} and
TensorFlow {tensorflow}. Each library ran in fresh processes. The time of imports is not included:
{own} s for skhp, {other} s for scikit-learn."""
SEVERAL = "The rows were measured on several machines: compare numbers within a row only."


def conditions():
    """Return what all rows have in common."""
    results = stored("tabular_grid")
    version = comparison.versions(results) | {"python": results["machine"]["python"]}
    named = {name: ".".join(number.split(".")[:2]) for name, number in version.items()}
    text = CONDITIONS.format(
        cores=results["machine"]["cores"],
        sklearn=named["scikit-learn"],
        own=short(comparison.median(results, "skhp", "import_s")),
        other=short(comparison.median(results, "sklearn", "import_s")),
        **{name: named[name] for name in ("python", "keras", "tensorflow")},
    )
    return text if is_one_machine(stored(row.file) for row in ROWS) else f"{text}\n{SEVERAL}"


def is_one_machine(results):
    """Tell whether all results come from one machine."""
    return len({json.dumps(one["machine"]) for one in results if one}) == 1


SLOWER = """\
The main cases in which skhp is slower:

- Importing it takes longer.
- A short search in joblib's default processes takes longer than with `n_jobs=1`, because each
  process imports TensorFlow and loads its programs.
- The first fit of a network, which makes its program, takes {first} times the processor time of
  scikeras's first fit. If an earlier process has left the program on disk, it takes {later} times.
  Later fits take {second} times that of the fastest of Keras, Keras with XLA and scikeras."""


def slower():
    """Return the cases in which skhp takes longer, with their numbers."""
    return SLOWER.format(
        first=span("skhp_first_cpu_s", "scikeras_first_cpu_s"),
        later=span("skhp_later_first_cpu_s", "scikeras_first_cpu_s"),
        second=span("skhp_second_cpu_s", "best_second_cpu_s"),
    )


def span(column, other):
    """Return the least and the largest ratio of two columns over all kinds of networks."""
    results = stored("architectures")
    pairs = [
        (comparison.median(results, name, column), comparison.median(results, name, other))
        for name in results["systems"]
    ]
    ratios = [own / theirs for own, theirs in pairs if own and theirs]
    return f"{min(ratios):.1g} to {max(ratios):.1f}"
