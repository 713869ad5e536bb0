"""The best score of a search, and the epochs that it trains.

What is measured
    Perceptrons behind a ``StandardScaler``: 1 to 3 layers, width 32 or 64, and a log-uniform
    learning rate and a uniform dropout rate.  3 folds, at most 81 epochs a fit, ``memory``
    set.  A quarter of the rows is held out: the best candidate is trained again on the
    other rows and scored on these.  Ten seeds, which draw the candidates, the folds, the
    held-out rows and the first weights; the table has the medians.  *Behind* is the best
    score of the random search minus that of the search, seed by seed.  100% of the epochs
    are 14,580: 60 candidates, 3 folds, 81 epochs.  The searches that train a third of the
    epochs have fewer seeds.

What is the same
    All searches draw from the same space and train the same networks on the same folds.
    keras-tuner's Hyperband decides only which candidates get how many epochs.  Epochs are
    those that were really trained, as the files of the ``FitStore`` tell: a promoted
    candidate goes on from where it was, in all of them.

How to run
    python halving.py                          # trains only the seeds that are not in the results
    python halving.py --rows digits --seeds 3
    python halving.py --smoke                  # one seed, 9 epochs; keeps nothing
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import machine

RESULTS = Path(__file__).parent / "results"
N_LAYERS, WIDTHS = [1, 2, 3], [32, 64]
LEARNING_RATES, DROPOUT = (1e-4, 1e-1), (0.0, 0.5)
BATCH_SIZE, N_FOLDS = 64, 3


class Task:
    """The rows, the folds and the network of one seed."""

    def __init__(self, rows, seed, max_epochs):
        from sklearn import datasets
        from sklearn.model_selection import StratifiedKFold, train_test_split

        X, y = getattr(datasets, f"load_{rows}")(return_X_y=True)
        self.seed, self.max_epochs = seed, max_epochs
        parts = train_test_split(X, y, test_size=0.25, stratify=y, random_state=seed)
        self.X, self.X_test, self.y, self.y_test = parts
        self.cv = StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed)

    def pipeline(self, memory=None, **params):
        """Return the scaler and the network."""
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        from skhp import MLPClassifier

        params = {"epochs": self.max_epochs, "batch_size": BATCH_SIZE, **params}
        network = MLPClassifier(**params, random_state=self.seed, memory=memory)
        return make_pipeline(StandardScaler(), network)

    def test_score(self, params):
        """Return the accuracy on the held-out rows."""
        fitted = self.pipeline(**params).fit(self.X, self.y)
        return float(fitted.score(self.X_test, self.y_test))


def space():
    """Return the space for scikit-learn's searches."""
    from scipy.stats import loguniform, uniform

    space = {
        "n_layers": N_LAYERS,
        "width": WIDTHS,
        "learning_rate": loguniform(*LEARNING_RATES),
        "dropout": uniform(*DROPOUT),
    }
    return {f"mlpclassifier__{name}": values for name, values in space.items()}


def without_prefix(params):
    """Return the parameters of the network."""
    return {name.removeprefix("mlpclassifier__"): value for name, value in params.items()}


def trained_epochs(directory):
    """Return the epochs of all fits of a store."""
    from skhp.search import FitStore

    return int(FitStore(directory).frame().groupby("fit")["epochs"].max().sum())


def random_search(task, memory):
    """Return the records of a search with all epochs, and of its first candidates alone."""
    from sklearn.model_selection import RandomizedSearchCV

    search = RandomizedSearchCV(
        task.pipeline(memory), space(), n_iter=60, cv=task.cv, refit=False, random_state=task.seed
    ).fit(task.X, task.y)
    scores, candidates = search.cv_results_["mean_test_score"], search.cv_results_["params"]

    def record(n_candidates, epochs):
        best = scores[:n_candidates].argmax()
        test = task.test_score(without_prefix(candidates[best]))
        return {"best_score": float(scores[best]), "test_score": test, "epochs": epochs}

    few = 4  # as many epochs as the halving searches train, and some more
    return {
        "random": record(60, trained_epochs(memory)),
        "random_few": record(few, few * N_FOLDS * task.max_epochs),
    }


def halving_search(task, memory, **settings):
    """Return the record of a halving search over the epochs."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV

    search = HalvingRandomSearchCV(
        task.pipeline(memory),
        space(),
        resource="mlpclassifier__epochs",
        factor=3,
        max_resources=task.max_epochs,
        cv=task.cv,
        refit=False,
        random_state=task.seed,
        **settings,
    ).fit(task.X, task.y)
    return {
        "best_score": float(search.best_score_),
        "test_score": task.test_score(without_prefix(search.best_params_)),
        "epochs": trained_epochs(memory),
    }


def hyperband(task, memory):
    """Return the record of keras-tuner's Hyperband, all brackets once."""
    import keras_tuner
    from sklearn.model_selection import cross_val_score

    def params_of(trial):
        values = trial.hyperparameters.values
        chosen = {name: value for name, value in values.items() if not name.startswith("tuner/")}
        return {**chosen, "epochs": values["tuner/epochs"]}

    class CrossValidated(keras_tuner.Hyperband):
        def run_trial(self, trial, **settings):
            pipeline = task.pipeline(memory, **params_of(trial))
            return {"score": cross_val_score(pipeline, task.X, task.y, cv=task.cv).mean()}

    hp = keras_tuner.HyperParameters()
    hp.Choice("n_layers", N_LAYERS)
    hp.Choice("width", WIDTHS)
    hp.Float("learning_rate", *LEARNING_RATES, sampling="log")
    hp.Float("dropout", *DROPOUT)
    tuner = CrossValidated(
        objective=keras_tuner.Objective("score", "max"),
        max_epochs=task.max_epochs,
        factor=3,
        seed=task.seed,
        hyperparameters=hp,
        directory=f"{memory}_tuner",
    )
    tuner.search(verbose=0)
    best = tuner.oracle.get_best_trials(1)[0]
    return {
        "best_score": float(best.score),
        "test_score": task.test_score(params_of(best)),
        "epochs": trained_epochs(memory),
    }


LABELS = {
    "random": "RandomizedSearchCV, 60 candidates",
    "random_few": "RandomizedSearchCV, 4 candidates",
    "halving_1": "HalvingRandomSearchCV, min_resources=1",
    "halving_3": "HalvingRandomSearchCV, min_resources=3",
    "halving_54": "HalvingRandomSearchCV, min_resources=3, n_candidates=54",
    "halving_23": "HalvingRandomSearchCV, min_resources=9, n_candidates=23",
    "halving_480": "HalvingRandomSearchCV, min_resources=1, n_candidates=480",
    "halving_84": "HalvingRandomSearchCV, min_resources=9, n_candidates=84",
    "hyperband": "Hyperband of keras-tuner",
}


HALVING = {
    "halving_1": {"min_resources": 1},
    "halving_3": {"min_resources": 3},
    "halving_54": {"min_resources": 3, "n_candidates": 54},  # a tenth of the epochs
    "halving_23": {"min_resources": 9, "n_candidates": 23},  # a little more
    "halving_480": {"min_resources": 1, "n_candidates": 480},  # as many epochs as Hyperband
    "halving_84": {"min_resources": 9, "n_candidates": 84},  # likewise
}
LONG = {"halving_480", "halving_84", "hyperband"}


def measure(rows, seed, options):
    """Return the records of all searches with one seed."""
    task = Task(rows, seed, 9 if options.smoke else 81)
    without = LONG if seed >= options.long_seeds else ()
    with tempfile.TemporaryDirectory() as directory:
        records = random_search(task, f"{directory}/random")
        for name, settings in HALVING.items():
            if name not in without:
                records[name] = halving_search(task, f"{directory}/{name}", **settings)
        if "hyperband" not in without:
            records["hyperband"] = hyperband(task, f"{directory}/hyperband")
    return compared(records)


def compared(records):
    """Return the records, each compared with the random search of all epochs."""
    first = records["random"]
    for record in records.values():
        record["behind"] = first["best_score"] - record["best_score"]
        record["share"] = 100 * record["epochs"] / first["epochs"]
    return records


def read(path, rows):
    """Return the results so far."""
    if path.exists():
        return json.loads(path.read_text())
    return {
        "benchmark": path.stem,
        "caption": f"{rows.replace('_', ' ').capitalize()}; medians of the seeds",
        "settings": {"rows": rows},
        "machine": machine.describe(),
        "systems": {key: {"label": label, "runs": []} for key, label in LABELS.items()},
    }


def main():
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    choices = ["digits", "breast_cancer"]
    parser.add_argument("--rows", nargs="+", choices=choices, default=choices)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--long-seeds", type=int, default=3, help="of the long searches")
    parser.add_argument("--smoke", action="store_true", help="tiny run, nothing kept")
    options = parser.parse_args()
    for rows in options.rows:
        path = RESULTS / f"halving_{rows}.json"
        results = read(path, rows)
        begun = len(results["systems"]["random"]["runs"])
        for seed in [0] if options.smoke else range(begun, options.seeds):
            since = time.process_time()
            records = measure(rows, seed, options)
            for key, record in records.items():
                facts = {"seed": seed, "versions": machine.versions(), "load_before": None}
                results["systems"][key]["runs"].append({**record, **facts})
                print(rows, seed, key, {n: round(v, 4) for n, v in record.items()}, flush=True)
            print(f"{time.process_time() - since:.0f} CPU seconds", flush=True)
            if not options.smoke:
                path.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
