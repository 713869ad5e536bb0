"""Find the numbers of the benchmarks in which another library needs less time than skhp."""

import comparison

# A difference below this share is within what two runs differ.
LEAST = 0.05

ABOUT = """\
Importing skhp takes longer than importing scikit-learn, because Keras and TensorFlow are imported
too. The first fit of a network makes its program, and each worker process imports TensorFlow. The
table has all times of skhp, without imports, that are more than five percent longer than those of
another library:"""

# Importing skhp always takes longer: the section says it once.
IMPORTS = ("import_s", "start_s")

HEADS = ("Benchmark", "Number", "skhp", "Faster", "Its number")


# What a fit of a network is called, who else trains, and the columns of both times.
FITS = (
    ("first fit, processor s", "scikeras", "skhp_first_cpu_s", "scikeras_first_cpu_s"),
    ("second fit, processor s", "Keras or scikeras", "skhp_second_cpu_s", "best_second_cpu_s"),
)


def rows(title, results, columns):
    """Return a row for each number of a result file in which skhp is slower."""
    if results["benchmark"] == "architectures":
        return [row for name in results["systems"] for row in architecture_rows(results, name)]
    times = [c for c in columns if c.endswith(("_s", "_ms")) and c not in IMPORTS]
    return [
        (title, columns[column], *numbers(results, own_system(results, system), system, column))
        for system in results["systems"]
        if not system.startswith("skhp")
        for column in times
        if is_less(ratio(results, own_system(results, system), system, column))
    ]


def own_system(results, system):
    """Return the row of skhp with the same data and settings: skhp-sparse for sklearn-sparse."""
    own = f"skhp-{system.partition('-')[2]}"
    return own if own in results["systems"] else "skhp"


def ratio(results, own, system, column):
    """Return how many times skhp's number another library's is; None if either is not known."""
    ours, theirs = (comparison.median(results, key, column) for key in (own, system))
    return theirs / ours if ours and theirs else None


def is_less(ratio):
    """Tell whether another library's time is clearly less than skhp's."""
    return ratio is not None and ratio < 1 - LEAST


def numbers(results, own, system, column):
    """Return skhp's number, the name of the other library, and its number."""
    values = (comparison.median(results, key, column) for key in (own, system))
    own_value, value = (f"{value:.3g}" for value in values)
    return own_value, results["systems"][system]["label"], value


def architecture_rows(results, name):
    """Return the rows of one network, where the fits are columns and not systems."""
    label = results["systems"][name]["label"]
    for fit, others, own, other in FITS:
        ours, theirs = (comparison.median(results, name, column) for column in (own, other))
        if ours and theirs and is_less(theirs / ours):
            yield label, fit, f"{ours:.3g}", others, f"{theirs:.3g}"
