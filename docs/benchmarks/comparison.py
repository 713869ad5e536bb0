"""The parent's side of a benchmark: take turns, repeat, keep the runs, show ratios.

A benchmark script hands over a table of systems.  They are measured in turn, every run
in a fresh process, and every second round goes the other way through the table, so that
a slow drift of the machine doesn't favour one side.  All runs are kept in one JSON file;
medians and ratios are worked out from it whenever they are shown.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import fresh_process
import machine

RESULTS = Path(__file__).parent / "results"
REFERENCE = "skhp"

# Columns of which less is better, and a ratio worth showing, end in their unit.
COSTS = ("_s", "_ms", "_mb")

# Options that say where and how to run, not what was measured.
NOT_SETTINGS = ("systems", "child", "output", "torch_python")


@dataclass(frozen=True)
class System:
    """One side of a comparison.

    Attributes
    ----------
    label : str
        How the page calls it.
    measure : callable
        Takes the parsed options, measures in the child, returns a record.
    env : mapping
        Environment variables that the child needs.
    slow : bool
        Whether the system is repeated ``--slow-repeats`` times only.
    torch : bool
        Whether the child starts with the interpreter named by ``--torch-python``.
    """

    label: str
    measure: Callable
    env: Mapping = field(default_factory=dict)
    slow: bool = False
    torch: bool = False


def command_line(description, systems):
    """Return the parser of the options that every benchmark takes."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--systems", nargs="+", choices=systems, default=list(systems))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--slow-repeats", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="tiny run, nothing kept")
    parser.add_argument("--output", type=Path, help="JSON file to write")
    parser.add_argument(
        "--torch-python",
        default=sys.executable,
        help="interpreter for the systems that need torch",
    )
    parser.add_argument("--child", choices=systems, help=argparse.SUPPRESS)
    return parser


def run(script, systems, options, *, name, columns):
    """Be the child if the options say so; else measure every system and compare.

    Parameters
    ----------
    script : str
        The benchmark script, to start the children with.
    systems : dict of str to System
        Everything that the script can measure.
    options : argparse.Namespace
        The parsed command line.
    name : str
        The benchmark's name, which is also the name of its JSON file.
    columns : list of str
        The keys of a record that are shown.
    """
    if options.child:
        fresh_process.answer(systems[options.child].measure, options)
        return
    chosen = {key: systems[key] for key in options.systems}
    results = {
        "benchmark": name,
        "settings": settings(options),
        "machine": machine.describe(),
        "systems": {key: {"label": s.label, "runs": []} for key, s in chosen.items()},
    }
    output = options.output or (None if options.smoke else RESULTS / f"{name}.json")
    for key, round_number in turns(chosen, options):
        runs = results["systems"][key]["runs"]
        runs.append(one_run(script, chosen[key], key, options))
        print(f"{key}, run {round_number + 1}: {brief(runs[-1], columns)}", flush=True)
        if output:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(json.dumps(results, indent=1) + "\n")
    show(results, columns)


def settings(options):
    """Return the options that say what was measured."""
    return {k: v for k, v in vars(options).items() if k not in NOT_SETTINGS}


def turns(chosen, options):
    """Yield (system, round) pairs; every second round goes the other way."""
    rounds = 1 if options.smoke else max(options.repeats, options.slow_repeats)
    for number in range(rounds):
        for key in list(chosen)[:: -1 if number % 2 else 1]:
            limit = options.slow_repeats if chosen[key].slow else options.repeats
            if number < limit:
                yield key, number


def one_run(script, system, key, options):
    """Measure one system once; keep how busy the machine was before."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    python = options.torch_python if system.torch else None
    record = fresh_process.measure(script, sys.argv[1:], system, name=key, python=python)
    return {**record, "load_before": load}


def brief(record, columns):
    """Return one line about one run."""
    for reason in ("skipped", "failed"):
        if reason in record:
            return f"{reason}: {record[reason]}"
    shown = [(key, record[key]) for key in columns if record.get(key) is not None]
    return ", ".join(f"{key} {value:.4g}" for key, value in shown)


def median(results, system, column):
    """Return the median of a column over a system's runs; None if never measured."""
    runs = results["systems"].get(system, {"runs": []})["runs"]
    values = [run[column] for run in runs if run.get(column) is not None]
    return statistics.median(values) if values else None


def ratio(results, system, column):
    """Return a system's median over the reference's; None if one is missing."""
    own, reference = (median(results, key, column) for key in (system, REFERENCE))
    return own / reference if own is not None and reference else None


def why_missing(results, system):
    """Return why a system has no numbers; None if it has."""
    runs = results["systems"][system]["runs"]
    reasons = [run.get("skipped") or run.get("failed") for run in runs]
    return reasons[-1] if reasons and all(reasons) else None


def versions(results):
    """Return every library version that the runs report."""
    found = {}
    for system in results["systems"].values():
        for record in system["runs"]:
            found |= record.get("versions", {})
    return found


def show(results, columns):
    """Print the machine, the versions, and a table of medians and ratios."""
    facts = results["machine"]
    print(f"\n{facts['cores']} cores, {facts['processor']}, Python {facts['python']}")
    print(", ".join(f"{name} {v}" for name, v in versions(results).items()))
    print(" ".join([f"{'median (x skhp)':24}", *(f"{c:>22}" for c in columns)]))
    for system in results["systems"]:
        cells = [cell(results, system, column) for column in columns]
        print(" ".join([f"{system:24}", *(f"{c:>22}" for c in cells)]))


def cell(results, system, column):
    """Return a median, and in brackets its ratio to the reference's."""
    value = median(results, system, column)
    if value is None:
        return ""
    times = ratio(results, system, column) if column.endswith(COSTS) else None
    return f"{value:.4g}" + (f" (x{times:.3g})" if times is not None else "")
