"""skhp.search.report: the file, and what a reader does with it in a browser."""

import re
import shutil
import time
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from skhp.search import importance, report

pytest.importorskip("plotly")

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--enable-unsafe-swiftshader",
    "--window-size=1200,1500",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


@pytest.fixture(scope="module")
def search():
    X, y = load_iris(return_X_y=True)
    grid = {"C": [0.001, 0.01, 0.1, 1.0, 10.0, 100.0], "class_weight": [None, "balanced"]}
    return GridSearchCV(LogisticRegression(max_iter=500), grid, cv=3).fit(X, y)


@pytest.fixture(scope="module")
def curves(search):
    """Two folds of three epochs for each candidate, in which a candidate's number shows."""
    return pd.DataFrame(
        [
            {
                "candidate": candidate,
                "split": split,
                "epoch": epoch,
                "metric": metric,
                "value": candidate + 1 / epoch + split,
            }
            for candidate in range(len(search.cv_results_["params"]))
            for split in (0, 1)
            for epoch in (1, 2, 3)
            for metric in ("loss", "val_loss", "accuracy")
        ]
    )


@pytest.fixture(scope="module")
def path(search, curves, tmp_path_factory):
    return report(search, tmp_path_factory.mktemp("report") / "report.html", curves)


@pytest.fixture(scope="module")
def browser():
    if BROWSER is None or DRIVER is None:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, path):
    browser.get(path.as_uri())
    wait_for(lambda: drawn(browser))
    return browser


def wait_for(condition, seconds=30):
    """Ask again and again: how long a browser takes to draw is not ours to say."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the page did not get there"


def drawn(page):
    return page.execute_script(
        "return document.querySelectorAll('#coordinates .axis').length > 0"
        " && document.getElementById('count').textContent !== ''"
    )


def column(page, heading):
    """The cells of a column as the reader sees them: in order, hidden rows left out."""
    return page.execute_script(
        """
        const heads = Array.from(document.querySelectorAll('#candidates th'));
        const at = heads.findIndex((one) => one.textContent === arguments[0]);
        return Array.from(document.querySelectorAll('#candidates tbody tr'))
            .filter((row) => !row.hidden).map((row) => row.cells[at].textContent);
        """,
        heading,
    )


def curves_shown(page):
    data = page.execute_script("return document.getElementById('curves').data.map((t) => t.meta)")
    return sorted(set(data))


def click_heading(page, heading):
    page.find_element("xpath", f"//th/button[text()='{heading}']").click()


def test_opens_without_an_error_and_with_no_network(page, search):
    severe = [one for one in page.get_log("browser") if one["level"] == "SEVERE"]
    assert severe == []
    asked = page.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [name for name in asked if name.startswith("http")] == []
    scores = [float(text) for text in column(page, "score")]
    assert len(scores) == len(search.cv_results_["params"])
    assert scores == sorted(scores, reverse=True)


def test_a_click_on_a_heading_sorts_numbers_as_numbers(page):
    click_heading(page, "C")
    ascending = [float(text) for text in column(page, "C")]
    assert ascending == sorted(ascending) and ascending[0] < ascending[-1]
    click_heading(page, "C")
    assert [float(text) for text in column(page, "C")] == ascending[::-1]
    head = page.find_element("xpath", "//th[button[text()='C']]")
    assert head.get_attribute("aria-sort") == "descending"


def test_a_click_on_a_heading_sorts_words(page):
    click_heading(page, "class_weight")
    words = column(page, "class_weight")
    assert words == sorted(words, key=str.lower) and len(set(words)) == 2


def test_curves_are_of_the_rows_ticked(page):
    assert len(curves_shown(page)) == 10
    row = page.find_element("css selector", "tr[data-candidate='3'] input")
    row.click()
    assert curves_shown(page) == [3]
    values = page.execute_script("return document.getElementById('curves').data[0].y")
    assert values == pytest.approx([4.5, 4.0, 3 + 1 / 3 + 0.5], abs=1e-3)  # mean of two folds
    page.find_element("id", "clear").click()
    assert len(curves_shown(page)) == 10


def test_brushing_an_axis_keeps_the_candidates_in_its_range(page):
    """Drag along the axis of C, from its top down to a little below its middle."""
    from selenium.webdriver import ActionChains

    axis = page.find_element("css selector", "#coordinates .axis-brush .background")
    height = axis.rect["height"]
    drag = ActionChains(page).move_to_element_with_offset(axis, 0, -height / 2 + 22)
    drag.click_and_hold().move_by_offset(0, height * 0.2).move_by_offset(0, height * 0.2)
    drag.release().perform()
    n_rows = 12
    wait_for(lambda: len(column(page, "C")) < n_rows)
    kept = {float(text) for text in column(page, "C")}
    assert kept
    assert min(kept) >= 1.0
    assert page.find_element("id", "count").text.startswith(f"{len(column(page, 'C'))} of 12")
    assert set(curves_shown(page)) <= {int(text) for text in column(page, "candidate")}


def test_ten_curves_have_ten_colours(page):
    colours = "return document.getElementById('curves').data.map((t) => [t.meta, t.line.color])"
    of_candidate = dict(page.execute_script(colours))
    assert len(of_candidate) == len(set(of_candidate.values())) == 10
    for number in (10, 11):
        page.find_element("css selector", f"tr[data-candidate='{number}'] input").click()
    of_candidate = dict(page.execute_script(colours))
    assert len(of_candidate) == len(set(of_candidate.values())) == 2
    page.find_element("id", "clear").click()


def test_it_says_when_how_long_and_which_rows(search, curves, tmp_path):
    text = report(search, tmp_path / "report.html", curves).read_text()
    assert f"Written on {datetime.now():%Y-%m-%d}" in text
    assert "training dashed, validation solid" in text
    results = search.cv_results_
    total = 3 * (results["mean_fit_time"] + results["mean_score_time"]).sum()
    assert f"Fitting and scoring took {total:.3g} s" in text
    held_out = curves.replace({"metric": {"val_loss": "test_loss"}})
    text = report(search, tmp_path / "report.html", held_out).read_text()
    assert "training dashed, test fold solid" in text
    assert "validation solid" not in text


def test_it_shows_the_importance(search, tmp_path):
    text = report(search, tmp_path / "report.html").read_text()
    found = importance(search).round(4)
    assert re.search(rf'"x":\s*\[{found.iloc[1]},\s*{found.iloc[0]}\]', text)
    few = {"params": [{"a": 1}, {"a": 2}], "mean_test_score": np.array([0.5, 0.6])}
    assert "needs four candidates" in report(few, tmp_path / "few.html").read_text()


def test_file_is_whole_without_curves(search, tmp_path):
    text = report(search, tmp_path / "bare.html").read_text()
    assert "No curves were given" in text
    assert not re.search(r"<(script|link)[^>]+(src|href)=.https?:", text)


def test_names_and_values_cannot_break_out_of_the_page(tmp_path):
    evil = "</script><script>alert(1)</script>"
    results = {
        "params": [{"name": evil}, {"name": "plain"}],
        "mean_test_score": np.array([0.5, 0.6]),
    }
    curves = pd.DataFrame(
        {"candidate": [0], "split": [0], "epoch": [1], "metric": [evil], "value": [1.0]}
    )
    text = report(results, tmp_path / "evil.html", curves).read_text()
    assert evil not in text


def test_search_must_be_fitted_and_scored(tmp_path):
    with pytest.raises(NotFittedError, match="Call its fit"):
        report(GridSearchCV(DecisionTreeClassifier(), {}), tmp_path / "no.html")
    failed = {"params": [{"a": 1}], "mean_test_score": np.array([np.nan])}
    with pytest.raises(ValueError, match="No candidate has a finite score"):
        report(failed, tmp_path / "no.html")
    assert list(tmp_path.iterdir()) == []
