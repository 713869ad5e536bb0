"""Load a stored pipeline in a fresh process and predict once.

What is measured
    A scaler and a fitted network on the breast cancer data, pickled by another process.
    The process that is measured imports ``sklearn`` first, which counts for neither side.
    Seconds from there to the first probabilities: importing what the file names, loading,
    predicting.  Memory is the peak of the process.

    - skhp: as a service would do it.  It needs neither Keras nor TensorFlow.
    - skhp, Keras imported: the same, after ``import keras``.
    - scikit-learn: its own ``MLPClassifier``.

How to run
    python first_prediction.py --repeats 5
    python first_prediction.py --smoke
"""

import pickle
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import comparison
import machine
from comparison import System

FIT = """
import pickle, sys
from sklearn.datasets import load_breast_cancer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
if sys.argv[1] == "sklearn":
    from sklearn.neural_network import MLPClassifier
    network = MLPClassifier((64, 64), max_iter=20)
else:
    from skhp import MLPClassifier
    network = MLPClassifier(epochs=20)
X, y = load_breast_cancer(return_X_y=True)
with open(sys.argv[2], "wb") as file:
    pickle.dump((make_pipeline(StandardScaler(), network).fit(X, y), X[:10]), file)
"""


def measure(kind, with_keras, options):
    """Measure one side in this process, on a file that another process wrote."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.pickle"
        subprocess.run([sys.executable, "-W", "ignore", "-c", FIT, kind, str(path)], check=True)
        import sklearn.neural_network
        import sklearn.pipeline  # noqa: F401

        cpu, wall = time.process_time(), time.perf_counter()
        if with_keras:
            import keras  # noqa: F401
        pipeline, X = pickle.loads(path.read_bytes())
        pipeline.predict_proba(X)
        seconds = {"cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}
    return {**seconds, "peak_mb": machine.peak_mb(), "versions": machine.versions()}


SYSTEMS = {
    "skhp": System("skhp", partial(measure, "skhp", False)),
    "skhp-keras": System("skhp, Keras imported", partial(measure, "skhp", True)),
    "sklearn": System("scikit-learn", partial(measure, "sklearn", False)),
}
COLUMNS = ["cpu_s", "wall_s", "peak_mb"]


def main():
    """Read the command line and run."""
    options = comparison.command_line(__doc__, SYSTEMS).parse_args()
    comparison.run(__file__, SYSTEMS, options, name="first_prediction", columns=COLUMNS)


if __name__ == "__main__":
    main()
