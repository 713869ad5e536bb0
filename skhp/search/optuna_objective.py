"""An objective for Optuna that is cross-validated and can be pruned after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv

from skhp.candidates.networks import network_in
from skhp.search.fold_fits import FoldFit, FoldFits
from skhp.search.optuna_space import suggested

Space = Mapping[str, Any] | Callable[[Any], Mapping[str, Any]]


def optuna_objective(
    estimator: Any, space: Space, X: Any, y: Any, *, cv: Any = 5, scoring: Any = None
) -> Callable[[Any], float]:
    """Make an objective for ``study.optimize`` of Optuna, whose trials can be pruned.

    Each trial is cross-validated. All folds are trained side by side, one epoch at a time. After
    each epoch the mean score over the folds is reported to the trial, with the number of the
    epoch as its step. So Optuna's pruners compare trials after the same epoch on the same rows:
    `MedianPruner`, `SuccessiveHalvingPruner`, `HyperbandPruner` and others. A trial that is
    pruned stops training on all folds.

    Parameters
    ----------
    estimator : estimator
        `MLPClassifier`, `MLPRegressor`, `KerasClassifier`, `KerasRegressor`, or a
        `Pipeline` that ends in one. It is cloned.
    space : dict or callable
        Parameter -> a list of values, or a distribution: as for `OptunaSearchCV`, or ``uniform``,
        ``loguniform`` or ``randint`` of SciPy, as `default_space` and `from_hypermodel` return
        them. Or a function that gets the trial and returns the parameters to set, for spaces
        with conditions.
    X, y : array-like
        All rows. They are split once, so all trials have the same folds.
    cv : int, splitter or iterable of splits, default=5
        As in `cross_validate`. If several processes work on one study, give a splitter that
        shuffles a ``random_state``.
    scoring : str, callable or None, default=None
        One scorer, as in `cross_validate`. None for the estimator's ``score``. Higher is
        better: the study needs ``direction="maximize"``.

    Returns
    -------
    callable
        It takes a trial and returns the mean score. `skhp.search.results` and the displays take
        the study. User attributes of a trial hold ``n_epochs`` (the mean over the folds) and, if
        it is complete, the columns of ``cv_results_``: "mean_test_score", "split0_test_score",
        "mean_fit_time", ...

    Raises
    ------
    ImportError
        If Optuna is not installed.
    TypeError
        If ``estimator`` does not end in a network, ``space`` is not a space, or ``scoring`` is
        not one scorer.
    ValueError
        In a trial: if the study minimizes, a parameter has neither a list nor a distribution,
        or a fit fails. With ``study.optimize(..., catch=ValueError)`` the study continues.

    See Also
    --------
    FitStore : With ``memory``, trials of a killed study continue from their checkpoints.

    Notes
    -----
    The idea is that of ``lightgbm.cv`` and its pruning callback for Optuna: one step for all
    folds. If each fold were trained to its end before the next one, the first steps would
    compare trials on one fold, and a fold with hard rows would look like a bad trial.

    The folds of a trial take turns. So if the network is small, they use one core at a time. To
    use more cores, start several processes on one study, or pass ``n_jobs`` to
    ``study.optimize``.
    Each epoch costs one prediction of the test rows, and the earlier steps of a pipeline
    transform them each time. The training rows of all folds are in memory together: with
    ``cv=5``, they are four times X.

    Examples
    --------
    >>> import optuna
    >>> from optuna.distributions import FloatDistribution
    >>> from sklearn.datasets import load_iris
    >>> from skhp import MLPClassifier
    >>> from skhp.search import optuna_objective, results
    >>> X, y = load_iris(return_X_y=True)
    >>> net = MLPClassifier(epochs=5, random_state=0)
    >>> space = {"learning_rate": FloatDistribution(1e-4, 1e-1, log=True), "width": [8, 16]}
    >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
    >>> study = optuna.create_study(
    ...     direction="maximize",
    ...     sampler=optuna.samplers.TPESampler(seed=0),
    ...     pruner=optuna.pruners.MedianPruner(n_startup_trials=2),
    ... )
    >>> study.optimize(optuna_objective(net, space, X, y, cv=3), n_trials=4)
    >>> list(study.trials[0].intermediate_values)
    [1, 2, 3, 4, 5]
    >>> results(study)["width"].isin([8, 16]).all()
    np.True_
    """
    _import_optuna()
    if network_in(estimator) is None:
        raise TypeError(
            "estimator must be a network of skhp, or a Pipeline that ends in one. Got "
            f"{estimator!r}."
        )
    if not callable(space) and not isinstance(space, Mapping):
        raise TypeError(
            "space must be a dict of parameter to distribution or list, or a function of a trial "
            f"that returns parameters. Got {space!r}."
        )
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise TypeError(
            "scoring must be one scorer: a name, a callable or None, because a study has one value "
            f"for each trial. Got {scoring!r}."
        )
    splits = list(check_cv(cv, y, classifier=is_classifier(estimator)).split(X, y))
    return _Objective(estimator, space, X, y, splits, check_scoring(estimator, scoring))


class _Objective:
    """What `optuna_objective` returns."""

    def __init__(
        self, estimator: Any, space: Space, X: Any, y: Any, splits: list[Any], scorer: Any
    ) -> None:
        self._estimator, self._space = estimator, space
        self._X, self._y, self._splits, self._scorer = X, y, splits, scorer

    def __call__(self, trial: Any) -> float:
        """Train and score one candidate, unless it is pruned."""
        optuna = _import_optuna()
        _check_direction(trial)
        params = _params_of(trial, self._space)
        with FoldFits([self._fold(params, *split) for split in self._splits]) as folds:
            for epoch, score in folds.mean_scores():
                trial.report(score, epoch)
                if trial.should_prune():
                    trial.set_user_attr("n_epochs", epoch)
                    raise optuna.TrialPruned
        for name, value in _columns(folds.fits).items():
            trial.set_user_attr(name, value)
        return float(np.mean([fit.score for fit in folds.fits]))

    def _fold(self, params: Mapping[str, Any], train: Any, test: Any) -> FoldFit:
        candidate = clone(self._estimator).set_params(**clone(dict(params), safe=False))
        return FoldFit(candidate, self._X, self._y, train, test, self._scorer)


def _import_optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise ImportError("optuna_objective needs Optuna: pip install optuna.") from None
    return optuna


def _check_direction(trial: Any) -> None:
    study = getattr(trial, "study", None)  # a FixedTrial has none
    if study is not None and study.direction.name != "MAXIMIZE":
        raise ValueError(
            "A score of scikit-learn is better if it is higher, but the study minimizes. Make it "
            "with optuna.create_study(direction='maximize')."
        )


def _params_of(trial: Any, space: Space) -> Mapping[str, Any]:
    if callable(space):
        return space(trial)
    return {name: suggested(trial, name, values) for name, values in space.items()}


def _columns(fits: Sequence[FoldFit]) -> dict[str, float]:
    """A row of ``cv_results_``, with names as `OptunaSearchCV` gives them."""
    scores, seconds = [fit.score for fit in fits], [fit.seconds for fit in fits]
    return {
        **{f"split{i}_test_score": score for i, score in enumerate(scores)},
        "mean_test_score": float(np.mean(scores)),
        "std_test_score": float(np.std(scores)),
        "mean_fit_time": float(np.mean(seconds)),
        "std_fit_time": float(np.std(seconds)),
        "n_epochs": float(np.mean([fit.epoch for fit in fits])),
    }
