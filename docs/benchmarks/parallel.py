"""Compare one job, threads and processes, from the JSON files of ``tabular_grid.py``."""

import comparison

# What the guide calls a way to run, and the result file.
WAYS = {
    "``n_jobs=1``": "tabular_grid_disk",
    '``n_jobs=2``, ``"threading"``': "tabular_grid_2_threading",
    '``n_jobs=2``, ``"multiprocessing"``': "tabular_grid_2_multiprocessing",
    '``n_jobs=2``, ``"loky"``': "tabular_grid_2_loky",
}
SYSTEMS = {"skhp-later": "MLPClassifier", "skhp-wrapper-later": "KerasClassifier"}
SEARCHES = {"cold_s": "first search, s", "warm_s": "second search, s"}
HEADS = ["", *(f"{name}, {search}" for name in SYSTEMS.values() for search in SEARCHES.values())]


def rows(stored):
    """Return a row for each way to run that was measured.

    Parameters
    ----------
    stored : callable
        Returns the result file of a name; None if there is none.
    """
    found = {way: stored(file) for way, file in WAYS.items()}
    cells = {way: numbers(results) for way, results in found.items() if results}
    return [[way, *values] for way, values in cells.items() if any(values)]


def numbers(results):
    """Return the medians of one way to run; empty texts for what was not measured."""
    values = (comparison.median(results, name, column) for name in SYSTEMS for column in SEARCHES)
    return ["" if value is None else f"{value:.1f}" for value in values]
