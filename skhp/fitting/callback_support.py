"""``set_callbacks`` of all estimators: its errors say where other callbacks go."""

from __future__ import annotations

import inspect
from typing import Any, Self

from sklearn.callback import CallbackSupportMixin


class CallbackSupport(CallbackSupportMixin):
    """Callbacks of scikit-learn."""

    def set_callbacks(self, *callbacks: Any) -> Self:
        """Set callbacks of scikit-learn, such as `skhp.callback.LearningCurves`.

        Parameters
        ----------
        *callbacks : callback
            Without any, those that were set are removed.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If one is not a callback of scikit-learn.
        """
        for callback in callbacks:
            way = _way_out(callback)
            if way is not None:
                raise TypeError(
                    f"set_callbacks takes callbacks of scikit-learn. Got {callback!r}. {way}"
                )
        super().set_callbacks(*callbacks)
        return self


def _way_out(callback: Any) -> str | None:
    if hasattr(callback, "set_model"):
        return "A callback of Keras goes to the parameter callbacks, in a list."
    if isinstance(callback, list | tuple):
        return "Pass them one by one: set_callbacks(*callbacks)."
    if inspect.isclass(callback):
        return f"Give an instance: {callback.__name__}(...)."
    return None
