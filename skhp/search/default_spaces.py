"""A space to begin with, for a network whose good parameters are not known."""

from __future__ import annotations

from typing import Any

from scipy.stats import loguniform
from sklearn.pipeline import Pipeline

from skhp.mlp.base import BaseMLP

# The number of hidden units of a layer: a wide layer costs the square of its width.
_WIDTHS = (32, 64, 128, 256)


def default_space(estimator: Any) -> dict[str, Any]:
    """A space for `RandomizedSearchCV` to begin with.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or Pipeline
        The network, or a pipeline that ends in one.

    Returns
    -------
    dict
        Parameter -> values or distribution. For a pipeline, the names have the names of its
        steps. Change it as you like: it is a plain dict.

    Raises
    ------
    TypeError
        If ``estimator`` is neither of these. skhp does not know good ranges for the parameters
        of your own network.

    Notes
    -----
    Draw 20 to 60 candidates, then see `narrow`. In 60 random candidates, with a probability of
    95 %, at least one is among the best 5 % of the space.

    - ``learning_rate``, log-uniform from 1e-4 to 1e-1, centred near the default of 1e-3. It
      is the most important parameter, and good values lie in several powers of ten [1]_ [2]_.
    - ``n_layers`` from 1 to 3 and ``width`` from 32 to 256, in steps of a factor of two. On
      tables of numbers, deeper networks rarely help. A network that is too large costs time, and
      little accuracy if it is regularized [2]_. Few different sizes also mean few programs to
      compile.
    - ``activation``: "relu" learns fast, and "tanh" is smoother on small data [3]_.
    - ``dropout`` from none to one half: its authors use up to 0.5 for hidden layers [4]_.
    - ``l2``, log-uniform from 1e-6 to 1e-2: from almost none to a strong penalty [2]_.
    - ``batch_size``: small batches often generalize better, and large ones are faster [2]_.

    Random search tries more different values of each parameter than a grid of the same size.
    That helps because usually a few parameters matter, and which ones differs between data
    sets [1]_.

    ``epochs`` is not in the space: use ``early_stopping=True``, or `LearningCurves`, to see
    whether training lasts long enough.

    References
    ----------
    .. [1] J. Bergstra and Y. Bengio, Random Search for Hyper-Parameter Optimization, Journal of
       Machine Learning Research 13, 2012.
    .. [2] Y. Bengio, Practical Recommendations for Gradient-Based Training of Deep
       Architectures, in Neural Networks: Tricks of the Trade, 2012.
    .. [3] I. Goodfellow, Y. Bengio and A. Courville, Deep Learning, MIT Press 2016, chapters 6
       and 11.
    .. [4] N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from
       Overfitting, Journal of Machine Learning Research 15, 2014.

    Examples
    --------
    >>> from sklearn.model_selection import RandomizedSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skhp import MLPClassifier
    >>> from skhp.search import default_space
    >>> model = make_pipeline(StandardScaler(), MLPClassifier(early_stopping=True))
    >>> space = default_space(model)
    >>> list(space)[:3]
    ['mlpclassifier__learning_rate', 'mlpclassifier__n_layers', 'mlpclassifier__width']
    >>> search = RandomizedSearchCV(model, space, n_iter=30, cv=3, random_state=0)
    """
    prefix, network = "", estimator
    while isinstance(network, Pipeline):
        step, network = network.steps[-1]
        prefix += f"{step}__"
    if not isinstance(network, BaseMLP):
        raise TypeError(
            "default_space knows the parameters of MLPClassifier and MLPRegressor, alone or at "
            f"the end of a Pipeline. Got {estimator!r}. Write a dict of parameter -> values."
        )
    space = {
        "learning_rate": loguniform(1e-4, 1e-1),
        "n_layers": [1, 2, 3],
        "width": list(_WIDTHS),
        "activation": ["relu", "tanh"],
        "dropout": [0.0, 0.1, 0.2, 0.5],
        "l2": loguniform(1e-6, 1e-2),
        "batch_size": [32, 64, 128],
    }
    return {f"{prefix}{name}": values for name, values in space.items()}
