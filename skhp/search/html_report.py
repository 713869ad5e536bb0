"""A search as one HTML file: a table, parallel coordinates, and curves of the chosen rows."""

from __future__ import annotations

import html
import json
import os
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, cast

import numpy as np
import pandas as pd

from skhp.candidates.importance import importance
from skhp.candidates.mean_curves import TRAINING, mean_curves
from skhp.candidates.plot_data import PlotData, plot_data_of
from skhp.candidates.scales import Scale, is_missing, scale_of
from skhp.candidates.search_time import seconds_so_far
from skhp.displays.palette import BLUE, TEN

# How many of the best candidates' curves a report opens with.
_SHOWN_AT_FIRST = 10

# No data leave the file: plotly's own menu offers to send them to its cloud.
_CONFIG = {
    "responsive": True,
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
}

_HEADINGS = {
    "rank": "rank",
    "candidate": "candidate",
    "score": "score",
    "score_std": "std",
    "fit_seconds": "fit, s",
}


def report(
    search: Any, path: str | os.PathLike[str], curves: Any = None, *, metric: str | None = None
) -> Path:
    """Write a fitted search as one HTML file that works without an internet connection.

    The file has four parts:

    - a table of the candidates. A click on a heading sorts it;
    - parallel coordinates of the parameters and the score. Drag along an axis to keep only the
      candidates in this range, also in the table;
    - the importance of the parameters;
    - the training curves of the rows that are ticked. If none is ticked, these are the best.

    plotly draws it. The file contains plotly's JavaScript, so it has about 5 MB. It opens in
    any browser with WebGL.

    Parameters
    ----------
    search : fitted search, or its ``cv_results_``
        The ``cv_results_`` as a dict or data frame.
    path : str or path-like
        The file to write.
    curves : skhp.callback.LearningCurves or pandas.DataFrame, default=None
        The `LearningCurves` that were set on the search before it was fitted, or their
        ``frame()``. Without them the report has no curves.
    metric : str, default=None
        The score to report: "accuracy", or "mean_test_accuracy". By default the one that
        the search refits by.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ImportError
        If plotly is not installed.
    sklearn.exceptions.NotFittedError
        If the search was not fitted.
    TypeError
        If ``search`` is not a search, or ``curves`` are not curves.
    ValueError
        If ``path`` is not a path, the search has no such score or no candidate with a score,
        or the curves are of another search.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skhp import MLPClassifier
    >>> from skhp.search import report
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     MLPClassifier(n_layers=1, epochs=2, random_state=0), {"width": [8, 16]}, cv=2
    ... ).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report(search, f"{folder}/report.html").name
    'report.html'
    """
    try:
        import plotly  # noqa: F401
    except ImportError as error:
        raise ImportError("skhp.search.report needs plotly: pip install 'skhp[report]'.") from error
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise ValueError(f"path must be the path of the file to write. Got {path!r}.")
    candidates = plot_data_of(search, metric)
    best_first = candidates.scored[::-1].reset_index(drop=True)
    coordinates = _coordinates(candidates, best_first)
    means = None if curves is None else mean_curves(search, curves)
    figure, traces = _curves(candidates, best_first, means)
    page = Template(_resource("html")).substitute(
        title=html.escape(_title(search)),
        summary=html.escape(_summary(candidates, best_first)),
        when=html.escape(_when(search)),
        kinds=_kinds_of_rows(means),
        importance=_importance(search, metric),
        style=_resource("css"),
        script=_resource("js"),
        table=_table(candidates, best_first),
        coordinates=_fragment(coordinates, "coordinates", with_plotly=True),
        curves=_fragment(figure, "curves") if traces else "<p>No curves were given.</p>",
        traces=json.dumps(traces).replace("<", "\\u003c"),
        shown_at_first=_SHOWN_AT_FIRST,
        colours=json.dumps(TEN),
    )
    path = Path(path)
    path.write_text(page, encoding="utf-8")
    return path


def _resource(ending: str) -> str:
    return files("skhp.search").joinpath(f"report_page.{ending}").read_text(encoding="utf-8")


def _fragment(figure: Any, name: str, with_plotly: bool = False) -> str:
    text: str = figure.to_html(
        full_html=False,
        include_plotlyjs=with_plotly,
        include_mathjax=False,
        div_id=name,
        config=_CONFIG,
    )
    return text


def _title(search: Any) -> str:
    estimator = getattr(search, "estimator", None)
    steps = getattr(estimator, "steps", None)
    last = steps[-1][1] if steps else estimator
    names = [type(one).__name__ for one in (search, last) if hasattr(one, "fit")]
    return " of ".join(names) or "Search"


def _summary(candidates: PlotData, best_first: pd.DataFrame) -> str:
    best = best_first.iloc[0]
    failed = len(candidates.frame) - len(best_first)
    note = f" ({failed} more without a score)" if failed else ""
    return (
        f"{len(best_first)} candidates{note}. Best {candidates.score_name}: "
        f"{best['score']:.4f} with {', '.join(candidates.settings(best, candidates.params))}."
    )


def _when(search: Any) -> str:
    """When the report was written, and how long the fits of the search took."""
    written = f"Written on {datetime.now().astimezone():%Y-%m-%d at %H:%M}."
    seconds = seconds_so_far(search)[-1]
    if not np.isfinite(seconds):
        return written
    took = timedelta(seconds=round(seconds)) if seconds >= 60 else f"{seconds:.3g} s"
    return f"{written} Fitting and scoring took {took}, added up over all folds."


def _kinds_of_rows(means: pd.DataFrame | None) -> str:
    """Which rows each kind of line shows, for the hint above the curves."""
    kinds = [] if means is None else means["rows"].unique().tolist()
    dashes = {TRAINING: "dashed"}
    return ", ".join(f"{kind} {dashes.get(kind, 'solid')}" for kind in kinds)


def _importance(search: Any, metric: str | None) -> str:
    """The importance of the parameters as a picture, or why there is none."""
    from plotly import graph_objects

    try:
        found = importance(search, metric=metric)[::-1]
    except ValueError as error:
        return f"<p>{html.escape(str(error))}</p>"
    bars = graph_objects.Bar(
        x=found.round(4).tolist(), y=found.index.tolist(), orientation="h", marker_color=BLUE
    )
    height = 110 + 28 * len(found)
    layout = {"height": height, "margin": {"l": 140, "r": 40, "t": 40, "b": 50}}
    figure = graph_objects.Figure(bars, layout)
    figure.update_xaxes(title_text="importance")
    return _fragment(figure, "importance")


def _table(candidates: PlotData, best_first: pd.DataFrame) -> str:
    """Make the rows; each cell has in data-sort the value that it is sorted by."""
    ends = [name for name in ("score", "score_std", "fit_seconds") if name in best_first]
    names = ["rank", "candidate", *candidates.params, *ends]
    names = [name for name in names if name in best_first]
    heads = "".join(
        f'<th scope="col"><button type="button">{html.escape(_HEADINGS.get(n, n))}</button></th>'
        for n in names
    )
    rows = []
    for _, row in best_first.iterrows():
        cells = "".join(_cell(row[name], candidates.scales.get(name)) for name in names)
        number = int(row["candidate"])
        tick = f'<input type="checkbox" aria-label="curves of candidate {number}">'
        rows.append(f'<tr data-candidate="{number}"><td>{tick}</td>{cells}</tr>')
    return f"<thead><tr><th></th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody>"


def _cell(value: Any, scale: Scale | None) -> str:
    if is_missing(value):
        return '<td data-sort=""></td>'
    if scale is not None and not scale.numeric:
        text = html.escape(scale.label_of(value))
        return f'<td data-sort="{text}">{text}</td>'
    text = f"{value:.4g}" if isinstance(value, float | np.floating) else f"{value}"
    return f'<td class="number" data-sort="{value}">{text}</td>'


def _coordinates(candidates: PlotData, best_first: pd.DataFrame) -> Any:
    from plotly import graph_objects

    searched = candidates.searched()
    dimensions = [_dimension(n, best_first[n], candidates.scales[n]) for n in searched]
    scores = best_first["score"]
    dimensions.append(_dimension(candidates.score_name, scores, scale_of(scores, log=False)))
    line = {
        "color": scores,
        "colorscale": "Viridis",
        "cmin": float(scores.quantile(0.1)),
        "cmax": float(scores.max()),
        "showscale": True,
    }
    lines = graph_objects.Parcoords(
        dimensions=dimensions,
        line=line,
        ids=best_first["candidate"].astype(str),
        unselected={"line": {"color": "#bbbbbb", "opacity": 0.15}},
    )
    layout = {"margin": {"l": 90, "r": 40, "t": 60, "b": 30}, "height": 420}
    return graph_objects.Figure(lines, layout)


def _dimension(name: str, values: Any, scale: Scale) -> dict[str, Any]:
    """An axis from 0 to 1, also for categories and logarithms."""
    places, (ticks, texts) = scale.place(values), scale.ticks()
    if scale.numeric:  # plotly draws an axis no further than its ticks
        ends = [
            (end, scale.label_of(scale.levels[-end]) if abs(ticks - end).min() > 0.06 else "")
            for end in (0, 1)
            if end not in ticks and len(scale.levels) > 1
        ]
        ticks = np.append(ticks, [end for end, _ in ends])
        texts = [*texts, *(text for _, text in ends)]
    return {
        "label": name,
        "values": np.nan_to_num(places, nan=-0.1),
        "range": [-0.1 if np.isnan(places).any() else 0, 1],
        "tickvals": ticks,
        "ticktext": texts,
    }


def _curves(
    candidates: PlotData, best_first: pd.DataFrame, means: pd.DataFrame | None
) -> tuple[Any, list[dict[str, Any]]]:
    """Make a panel for each metric, and a line for every candidate, metric and kind of rows."""
    if means is None:
        return None, []
    from plotly.subplots import make_subplots

    metrics = list(means["metric"].unique())
    figure = make_subplots(1, len(metrics), subplot_titles=metrics)
    rows_of = {int(number): best_first.iloc[i] for i, number in enumerate(best_first["candidate"])}
    places = {number: place for place, number in enumerate(rows_of)}
    traces = []
    for key, curve in means.groupby(["candidate", "metric", "rows"], sort=False):
        number, metric, rows = cast(tuple[int, str, str], key)
        if number in places:
            settings = ", ".join(candidates.settings(rows_of[number]))
            trace = _trace(number, places[number], settings, rows, curve)
            traces.append(trace | _panel(metrics.index(metric) + 1, rows))
    traces.sort(key=lambda one: places[one["meta"]])
    figure.add_traces([one for one in traces if places[one["meta"]] < _SHOWN_AT_FIRST])
    figure.update_layout(height=440, margin={"l": 60, "r": 20, "t": 40, "b": 50})
    figure.update_layout(legend={"title": "candidate", "traceorder": "normal"})
    figure.update_xaxes(title_text="epoch")
    return figure, traces


def _trace(
    number: int, place: int, settings: str, rows: str, curve: pd.DataFrame
) -> dict[str, Any]:
    ordered = curve.sort_values("epoch")
    return {
        "type": "scatter",
        "mode": "lines" if len(ordered) > 1 else "markers",
        "x": ordered["epoch"].tolist(),
        "y": [float(f"{value:.5g}") if np.isfinite(value) else None for value in ordered["mean"]],
        "name": f"{number}",
        "legendgroup": f"{number}",
        "meta": number,
        "line": {
            "color": TEN[place % len(TEN)],
            "dash": "dash" if rows == TRAINING else "solid",
            "width": 1.5,
        },
        "hovertemplate": f"candidate {number}, {rows}<br>{html.escape(settings)}"
        "<br>epoch %{x}: %{y}<extra></extra>",
    }


def _panel(panel: int, rows: str) -> dict[str, Any]:
    axis = "" if panel == 1 else str(panel)
    return {
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "showlegend": panel == 1 and rows == TRAINING,
    }
