"""Labels in NumPy's ``StringDType``, which scikit-learn does not take."""

from __future__ import annotations

from typing import Any

import numpy as np


def refuse_string_dtype(labels: Any, name: str) -> None:
    """Raise an error for labels in an array of ``numpy.dtypes.StringDType``.

    scikit-learn's own estimators and metrics fail on them.

    Parameters
    ----------
    labels : array-like
    name : str
        What the error calls them.

    Raises
    ------
    TypeError
        If they have that dtype.

    Examples
    --------
    >>> import numpy as np
    >>> refuse_string_dtype(np.array(["a", "b"]), "y")
    >>> refuse_string_dtype(np.array(["a", "b"], dtype=np.dtypes.StringDType()), "y")
    Traceback (most recent call last):
        ...
    TypeError: y has the dtype StringDType(), which scikit-learn does not take. ...
    """
    dtype = getattr(labels, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "T":
        raise TypeError(
            f"{name} has the dtype {dtype}, which scikit-learn does not take. "
            f"Pass {name}.astype(object)."
        )
