"""The best score of a search, and the epochs that it trains.

What is measured
    Perceptrons behind a ``StandardScaler``: 1 to 3 layers, width 32 or 64, and a log-uniform
    learning rate and a uniform dropout rate.  3 folds, at most 81 epochs a fit, ``memory``
    set.  A quarter of the rows is held out: the best candidate is trained again on the
    other rows and scored on these.  Ten seeds, which draw the candidates, the folds, the
    held-out rows and the first weights; the table has the medians.  100% of the epochs are
    14,580: 60 candidates, 3 folds, 81 epochs.  *Behind* is the best score of the random
    search with all epochs, minus that of the search, seed by seed.  The best of the last
    round is ``best_score_`` of a halving search.  The best of all rounds counts candidates
    with fewer epochs too; Hyperband reports this one.  It is the largest of more numbers,
    so chance makes it higher.

What is the same
    All searches draw from the same space and train the same networks on the same folds.
    keras-tuner's Hyperband decides only which candidates get how many epochs.  *Five halving
    searches* are what Hyperband does, with scikit-learn: first rounds of 1, 3, 9, 27 and 81
    epochs, with 81, 34, 15, 8 and 5 candidates.  Epochs are those that were really trained, as
    the files of the ``FitStore`` tell: a promoted candidate goes on from where it was, in all
    of them.

Chosen before
    ``max_resources=27`` was chosen with other seeds (100 and higher) than those of the table.
    With it, the halving search has as many candidates as the random search, and ends with a
    third of the epochs.

How to run
    python halving.py                          # trains only what is not in the results
    python halving.py --rows digits --seeds 3
    python halving.py --smoke                  # one seed, 9 epochs; keeps nothing
"""

import argparse
import json
import tempfile
from functools import partial
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


def random_search(task, memory, n_candidates):
    """Return the record of a search that trains each candidate with all epochs."""
    from sklearn.model_selection import RandomizedSearchCV

    search = RandomizedSearchCV(
        task.pipeline(memory),
        space(),
        n_iter=n_candidates,
        cv=task.cv,
        refit=False,
        random_state=task.seed,
    )
    return record(task, memory, [search.fit(task.X, task.y)])


def halving_searches(task, memory, first_rounds, max_epochs=81):
    """Return the record of one or more halving searches over the epochs, with one store.

    ``first_rounds`` has the epochs of the first round and the candidates of each. The last
    round has ``max_epochs``.
    """
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV

    def search(number, min_resources, n_candidates):
        return HalvingRandomSearchCV(
            task.pipeline(memory),
            space(),
            resource="mlpclassifier__epochs",
            factor=3,
            min_resources=min(min_resources, task.max_epochs),
            max_resources=min(max_epochs, task.max_epochs),
            n_candidates=n_candidates,
            cv=task.cv,
            refit=False,
            random_state=task.seed + 1000 * number,
        ).fit(task.X, task.y)

    return record(task, memory, [search(i, *first) for i, first in enumerate(first_rounds)])


def record(task, memory, searches):
    """Return the scores of the best candidate of some searches, and their epochs."""
    best = max(searches, key=lambda search: search.best_score_)
    scores = [search.cv_results_["mean_test_score"].max() for search in searches]
    return {
        "best_score": float(best.best_score_),
        "all_rounds": float(max(scores)),
        "test_score": task.test_score(without_prefix(best.best_params_)),
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
        seed=task.seed or 10,  # it takes 0 for no seed
        hyperparameters=hp,
        directory=f"{memory}_tuner",
    )
    tuner.search(verbose=0)
    best = tuner.oracle.get_best_trials(1)[0]
    return {
        "all_rounds": float(best.score),
        "test_score": task.test_score(params_of(best)),
        "epochs": trained_epochs(memory),
    }


FIVE = [(1, 81), (3, 34), (9, 15), (27, 8), (81, 5)]
# What the table calls a search, and how it is run. Those from halving_250 on train as many epochs
# as Hyperband, those between about a tenth of the random search.
SYSTEMS = {
    "random": ("RandomizedSearchCV, 60 candidates", partial(random_search, n_candidates=60)),
    "random_6": ("RandomizedSearchCV, 6 candidates", partial(random_search, n_candidates=6)),
    "halving_81": (
        "HalvingRandomSearchCV, min_resources=1",
        partial(halving_searches, first_rounds=[(1, 81)]),
    ),
    "halving_54": (
        "HalvingRandomSearchCV, min_resources=3, n_candidates=54",
        partial(halving_searches, first_rounds=[(3, 54)]),
    ),
    "halving_60": (
        "HalvingRandomSearchCV, min_resources=3, n_candidates=60, max_resources=27",
        partial(halving_searches, first_rounds=[(3, 60)], max_epochs=27),
    ),
    "halving_250": (
        "HalvingRandomSearchCV, min_resources=3, n_candidates=250, max_resources=27",
        partial(halving_searches, first_rounds=[(3, 250)], max_epochs=27),
    ),
    "five": ("Five halving searches", partial(halving_searches, first_rounds=FIVE)),
    "hyperband": ("Hyperband of keras-tuner", hyperband),
}


def main():
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    choices = ["digits", "breast_cancer"]
    parser.add_argument("--rows", nargs="+", choices=choices, default=choices)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--smoke", action="store_true", help="tiny run, nothing kept")
    options = parser.parse_args()
    for rows in options.rows:
        path = RESULTS / f"halving_{rows}.json"
        keeps = path.exists() and not options.smoke
        results = json.loads(path.read_text()) if keeps else empty(path.stem, rows)
        for seed in range(1 if options.smoke else options.seeds):
            measure(results, rows, seed, 9 if options.smoke else 81)
            compare(results)
            if not options.smoke:
                path.write_text(json.dumps(results, indent=1) + "\n")


def empty(name, rows):
    """Return results without any run."""
    return {
        "benchmark": name,
        "caption": f"{rows.replace('_', ' ').capitalize()}; medians of the seeds",
        "settings": {"rows": rows},
        "machine": machine.describe(),
        "systems": {key: {"label": label, "runs": []} for key, (label, _) in SYSTEMS.items()},
    }


def measure(results, rows, seed, max_epochs):
    """Run the searches that the results do not have with this seed."""
    task = Task(rows, seed, max_epochs)
    for key, (_, run) in SYSTEMS.items():
        runs = results["systems"][key]["runs"]
        if seed not in {run["seed"] for run in runs}:
            with tempfile.TemporaryDirectory() as directory:
                found = run(task, f"{directory}/{key}")
            runs.append(
                {**found, "seed": seed, "versions": machine.versions(), "load_before": None}
            )
            print(rows, seed, key, found, flush=True)


def compare(results):
    """Note how far each run is behind the random search of all epochs with the same seed."""
    runs = {key: system["runs"] for key, system in results["systems"].items()}
    first = {run["seed"]: run for run in runs["random"]}
    for run in [run for some in runs.values() for run in some if run["seed"] in first]:
        whole = first[run["seed"]]
        run["share"] = 100 * run["epochs"] / whole["epochs"]
        for score, behind in (("best_score", "behind"), ("all_rounds", "behind_all_rounds")):
            if score in run:
                run[behind] = round(whole[score] - run[score], 6)


if __name__ == "__main__":
    main()
