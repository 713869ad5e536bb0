"""What a measurement has to say about the machine: cores, versions, memory."""

import os
import platform
import resource
import sys
from importlib import metadata
from pathlib import Path

# Distribution and module of every library whose version matters here.
PACKAGES = {
    "skhp": "skhp",
    "scikit-learn": "sklearn",
    "keras": "keras",
    "tensorflow": "tensorflow",
    "jax": "jax",
    "scikeras": "scikeras",
    "keras-tuner": "keras_tuner",
    "skorch": "skorch",
    "torch": "torch",
    "joblib": "joblib",
    "numpy": "numpy",
}


def describe():
    """Return the machine's cores, processor, system and Python version."""
    return {
        "cores": usable_cores(),
        "processor": processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def usable_cores():
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def processor():
    """Return the processor's model name, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor()


def versions():
    """Return the versions of the libraries that this process has imported."""
    found = {}
    for package, module in PACKAGES.items():
        if module not in sys.modules:
            continue
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:  # imported from a source tree
            found[package] = getattr(sys.modules[module], "__version__", "unknown")
    return found


def resident_mb():
    """Return the memory that this process holds now, in MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def peak_mb():
    """Return the peak memory of this process and of its living children, in MB.

    joblib's worker processes stay alive after a search, so that their peaks count too.
    Where there is no ``/proc``, this process's own peak is returned.
    """
    if not Path("/proc/self/status").exists():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1e6 if sys.platform == "darwin" else 1e3)
    family = {os.getpid()}
    for pid, parent in sorted(parents().items()):
        if parent in family:
            family.add(pid)
    return sum(high_water_mb(pid) for pid in family)


def parents():
    """Return the parent of every process, as ``{pid: parent's pid}``."""
    table = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        fields = read_status(status)
        if "PPid" in fields:
            table[int(status.parent.name)] = int(fields["PPid"])
    return table


def high_water_mb(pid):
    """Return the highest resident memory that a process ever held, in MB."""
    fields = read_status(Path(f"/proc/{pid}/status"))
    return int(fields.get("VmHWM", "0 kB").split()[0]) * 1024 / 1e6


def read_status(path):
    """Return the fields of a ``/proc/*/status`` file; none if the process is gone."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)
