"""Render the tables of the benchmark page from the JSON files in ``results/``.

Every number on the page comes from here, and so from a run of the scripts: write the JSON
files first, then render.  ``results.inc`` is included by ``index.rst``, and ``parallel.inc`` by
the guide.  The README's part on speed is written from the same files.

How to run
    python page.py
"""

import ast
import json
import textwrap
from pathlib import Path

import architectures
import comparison
import parallel
import slower
import speed

FOLDER = Path(__file__).parent

SEARCH = {
    "import_s": "imports, s",
    "cold_s": "first search, s",
    "start_s": "imports and first search, s",
    "warm_s": "second search, s",
    "best_score": "best mean accuracy",
    "mean_score": "mean over candidates",
    "programs": "programs compiled",
    "peak_mb": "peak memory, MB",
}
# Title and columns of every result file, by the beginning of its name; page order.
TABLES = {
    "tabular_grid": ("A grid over a small table", SEARCH),
    "random_search_digits": ("A random search over numbers", SEARCH),
    "halving": (
        "The best score, and the epochs that it takes",
        {
            "share": "% of the epochs",
            "best_score": "best of the last round",
            "behind": "behind",
            "all_rounds": "best of all rounds",
            "behind_all_rounds": "behind",
            "test_score": "accuracy on held-out rows",
        },
    ),
    "talos_scan": ("A scan of many settings", SEARCH),
    "compute_bound": (
        "An epoch of a large network",
        {
            "batch_32_s": "batch 32, s an epoch",
            "batch_256_s": "batch 256, s an epoch",
            "peak_mb": "peak memory, MB",
        },
    ),
    "architectures": ("Networks of many kinds", architectures.COLUMNS),
    "predict": (
        "Predicting",
        {"one_row_ms": "1 row, ms", "many_rows_ms": "100,000 rows, ms"},
    ),
    "first_prediction": (
        "The first prediction of a process",
        {"cpu_s": "processor s", "wall_s": "wall s", "peak_mb": "peak memory, MB"},
    ),
    "memory": (
        "Memory over many fits",
        {
            "fits": "fits",
            "first_mb": "after 25 fits, MB",
            "last_mb": "at the end, MB",
            "slope": "growth, MB a fit",
        },
    ),
    "large_data": (
        "A large X",
        {
            "fit_mb": "fit, peak MB beyond X",
            "kept_mb": "kept after it, MB",
            "fit_s": "fit, processor s",
            "predict_mb": "predict, peak MB beyond X",
            "predict_s": "predict, processor s",
        },
    ),
    "store_cost": (
        "What it costs to store a fit",
        {
            "cpu_s": "fit, processor s",
            "cpu_share": "in the store, % of it",
            "cpu_more": "more, %",
            "wall_share": "in the store, % of the wall time",
        },
    ),
}


def stored(name):
    """Return the results of one benchmark: one for each file."""
    files = sorted((FOLDER / "results").glob(f"{name}*.json"))
    return [json.loads(file.read_text()) for file in files]


def section(name, title, columns, text):
    """Return one benchmark's section: what it measures, then a table a result file."""
    lines = [title, "-" * len(title), "", text, ""]
    tables = [line for results in stored(name) for line in result(results, columns)]
    return [*lines, *(tables or ["*Not measured yet.*", ""])]


def slower_section():
    """Return the section of all numbers in which skhp is slower."""
    title = "Where skhp is slower"
    lines = [title, "-" * len(title), "", slower.ABOUT, "", *list_table("", slower.HEADS)]
    for name, (benchmark, columns) in TABLES.items():
        for results in stored(name):
            label = ", ".join([benchmark, *jobs(results)])
            for cells in slower.rows(label, results, columns):
                lines += row(cells)
    return [*lines, ""]


def parallel_table():
    """Return the guide's table of one job, threads and processes."""
    cells = [line for values in parallel.rows(speed.stored) for line in row(values)]
    return "\n".join([*list_table("", parallel.HEADS), *cells]) + "\n"


def list_table(caption, heads):
    """Return the beginning of a table."""
    lines = [f".. list-table:: {caption}".rstrip(), "   :header-rows: 1", "   :class: benchmark"]
    return [*lines, "", *row(heads)]


def result(results, columns):
    """Return the table of one result file, and under it how it was measured."""
    shown = {key: head for key, head in columns.items() if is_measured(results, key)}
    lines = list_table(caption(results), ["", "runs", *shown.values()])
    for system in results["systems"]:
        lines += row(cells(results, system, shown))
    return [*lines, "", conditions(results), ""]


def is_measured(results, column):
    """Tell whether any system has a value in a column."""
    return any(comparison.median(results, key, column) is not None for key in results["systems"])


def row(values):
    """Return one row of a list-table."""
    first, *others = (str(value) for value in values)
    return [f"   * - {first}".rstrip(), *(f"     - {value}".rstrip() for value in others)]


def cells(results, system, columns):
    """Return one system's row: medians, and in brackets how many times the reference's."""
    entry = results["systems"][system]
    reason = comparison.why_missing(results, system)
    if reason:
        return [f"{entry['label']} (not run: {reason})", 0, *[""] * len(columns)]
    values = [comparison.cell(results, system, column) for column in columns]
    measured = [run for run in entry["runs"] if not {"skipped", "failed"} & run.keys()]
    return [entry["label"], len(measured), *values]


def caption(results):
    """Return the table's caption: how many jobs, where a benchmark has jobs."""
    if "caption" in results:
        return results["caption"]
    brackets = ["in brackets, times skhp's"] * (comparison.REFERENCE in results["systems"])
    return "; ".join(["Medians", *jobs(results), *brackets])


def jobs(results):
    """Return how many jobs ran, as a list with one text or none."""
    n_jobs = results["settings"].get("n_jobs")
    if n_jobs is None:
        return []
    backend = f", {results['settings']['backend']}" if n_jobs != 1 else ""
    return [f"``n_jobs={n_jobs}``{backend}"]


def conditions(results):
    """Return the machine, the versions and how busy it was as one paragraph."""
    facts = results["machine"]
    versions = comparison.versions(results).items()
    runs = [run for system in results["systems"].values() for run in system["runs"]]
    loads = [run["load_before"] for run in runs if run["load_before"] is not None]
    busy = f" Load average before a run: at most {max(loads):.1f}." if loads else ""
    return (
        f"{facts['cores']} cores ({facts['processor']}, {facts['system']}), "
        f"Python {facts['python']}; {', '.join(f'{name} {v}' for name, v in versions)}.{busy}"
    )


def script_text(name):
    """Return what a script says that it measures: its docstring without how to run it."""
    document = ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text()))
    about, how = document.split("How to run\n")
    commands = "\n".join(f"   {line}".rstrip() for line in textwrap.dedent(how).splitlines())
    script = f"Script: :download:`{name}.py <{name}.py>`."
    return f"{about.strip()}\n\n{script}\n\n.. code-block:: console\n\n{commands}"


def render():
    """Return the text of all sections."""
    lines = [".. Rendered by page.py from results/*.json.  Do not edit.", ""]
    if not speed.is_one_machine(results for name in TABLES for results in stored(name)):
        lines += ["The tables were measured on several machines: compare within a table.", ""]
    lines += slower_section()
    for name, (title, columns) in TABLES.items():
        lines += section(name, title, columns, script_text(name))
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    (FOLDER / "results.inc").write_text(render())
    (FOLDER / "parallel.inc").write_text(parallel_table())
    speed.write()
