"""Time a search: the imports apart, then a first search, then a second one."""

import importlib
import math
import time
import warnings

import machine


def timed(function, *arguments, **keywords):
    """Return how long a call took, in seconds, and what it returned."""
    start = time.perf_counter()
    value = function(*arguments, **keywords)
    return time.perf_counter() - start, value


def import_all(modules):
    """Import modules by name."""
    for module in modules:
        importlib.import_module(module)


def time_search(modules, prepare, *, warm, options):
    """Measure one system's search in this process.

    Parameters
    ----------
    modules : sequence of str
        What the system needs; importing it is timed apart from the searches.
    prepare : callable
        Returns a function that runs the whole search and returns the candidates' mean
        test scores, in the order of the candidates.
    warm : bool
        Whether to run the search a second time.
    options : argparse.Namespace
        The command line, for where the search's jobs run.

    Returns
    -------
    dict
        The record.  ``start_s`` is what a user waits for in a fresh process: the
        imports and the first search.
    """
    warnings.simplefilter("ignore")
    import_s, _ = timed(import_all, modules)
    search = prepare()
    cold_s, scores = timed(search)
    programs = compiled_programs(modules, options)
    warm_s = timed(search)[0] if warm else None
    finite = [score for score in scores if math.isfinite(score)]
    return {
        "import_s": import_s,
        "cold_s": cold_s,
        "start_s": import_s + cold_s,
        "warm_s": warm_s,
        "best_score": max(finite),
        "mean_score": sum(finite) / len(finite),
        "diverged": len(scores) - len(finite),
        "mean_test_scores": list(scores),
        "programs": programs,
        "programs_after_warm": compiled_programs(modules, options),
        # Forked workers end with their search.
        "peak_mb": None if in_workers(options, "multiprocessing") else machine.peak_mb(),
        "versions": machine.versions(),
    }


def compiled_programs(modules, options):
    """Return how many programs skhp compiled in this process.

    None for the other systems, and where the fits run in joblib's worker processes.  0
    means that skhp trained with Keras's own ``fit``.
    """
    if "skhp" not in modules or in_workers(options, "loky", "multiprocessing"):
        return None
    import skhp.engine

    return skhp.engine.compile_count()


def in_workers(options, *backends):
    """Tell whether the fits run in several jobs of one of these joblib backends."""
    return options.n_jobs != 1 and options.backend in backends
