"""How often a piece of code calls functions of a given name, and how much memory it takes."""

import sys
import tracemalloc
from collections import Counter
from contextlib import contextmanager

NAMES = ("check_array", "get_config", "get_params", "type_of_target")


@contextmanager
def counted_calls(names=NAMES):
    """Count the calls of Python functions by their names, in this thread alone.

    ``sklearn.get_config`` reads scikit-learn's own settings, and is not counted.
    """
    counts = Counter(dict.fromkeys(names, 0))

    def profile(frame, event, argument):
        own = frame.f_globals.get("__name__") != "sklearn._config"
        if event == "call" and frame.f_code.co_name in counts and own:
            counts[frame.f_code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield counts
    finally:
        sys.setprofile(before)


@contextmanager
def peak_memory(peaks):
    """Append the peak of the memory that NumPy and Python allocate meanwhile, in bytes."""
    tracemalloc.start()
    try:
        yield
        peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
