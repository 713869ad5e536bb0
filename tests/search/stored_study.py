"""A study of optuna with ``memory``, in a process that tests can kill."""

import json
from pathlib import Path

import numpy as np
import optuna

from skhp import MLPClassifier
from skhp.engine.program_run import ProgramRun
from skhp.search import FitStore, optuna_objective


def run_study(directory, result, params, rates, n_trials=None):
    """Try the rates with the rows in a directory; write down how many epochs were trained.

    Parameters
    ----------
    directory : path
    result : str
        The name of the file for the number of epochs.
    params : dict
        Of the network.
    rates : list of float
    n_trials : int or None
        None if this process has the study alone: it goes on where another one was killed.
    """
    trained, epochs = [], ProgramRun.epochs

    def counted(self, count):
        logs = epochs(self, count)
        trained.append(len(logs))
        return logs

    ProgramRun.epochs = counted
    rows = np.load(f"{directory}/rows.npz")
    net = MLPClassifier(**params, memory=FitStore(f"{directory}/fits", every=0))
    space = {"learning_rate": rates}
    objective = optuna_objective(net, space, rows["X"], rows["y"], cv=2, scoring="neg_log_loss")
    study = optuna.create_study(
        storage=storage_in(directory), study_name="net", direction="maximize", load_if_exists=True
    )
    if n_trials is None:
        n_trials = waiting_trials(study, rates)
    study.optimize(objective, n_trials=n_trials)
    Path(directory, result).write_text(json.dumps(sum(trained)))


def waiting_trials(study, rates):
    """Start all trials of a study, or those again that a killed process left; how many wait."""
    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        study.enqueue_trial(trial.params)
    if not study.trials:
        for rate in rates:
            study.enqueue_trial({"learning_rate": rate})
    return len(study.get_trials(states=[optuna.trial.TrialState.WAITING]))


def storage_in(directory):
    return f"sqlite:///{directory}/study.db"
