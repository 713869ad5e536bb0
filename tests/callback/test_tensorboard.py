"""TensorBoard runs of a search, read back through TensorBoard's own server."""

import json
import urllib.parse
import urllib.request

import pytest
from numpy.testing import assert_allclose
from scipy.stats import loguniform
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skhp import MLPClassifier
from skhp.callback import LearningCurves, TensorBoard

pytestmark = pytest.mark.slow

program = pytest.importorskip("tensorboard.program")

X, y = load_breast_cancer(return_X_y=True)


def pipeline():
    return make_pipeline(StandardScaler(), MLPClassifier(1, 8, epochs=2, random_state=0))


GRID = {
    "mlpclassifier__n_layers": [1, 2],
    "mlpclassifier__width": [8, 16],
}


class Server:
    """What ``tensorboard --logdir`` runs, in a thread, on a free port of the loopback."""

    def __init__(self, log_dir):
        server = program.TensorBoard()
        command = ["tensorboard", "--logdir", str(log_dir), "--host", "127.0.0.1", "--port", "0"]
        # It reads the directory once, when it starts.
        server.configure([*command, "--load_fast", "false", "--reload_interval", "0"])
        self.url = server.launch()

    def get(self, path, body=None, **query):
        url = f"{self.url}data/{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)

    def wait_for_runs(self, count):
        """It starts to answer before it has read all."""
        for _ in range(2000):
            runs = self.get("runs")
            if len(runs) >= count:
                return runs
        raise RuntimeError(f"TensorBoard shows {len(runs)} runs, not {count}")


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    log_dir = tmp_path_factory.mktemp("logs")
    curves = LearningCurves()
    # The refit's rows have room in the programs of three folds.
    search = GridSearchCV(pipeline(), GRID, cv=3)
    search.set_callbacks(TensorBoard(log_dir), curves).fit(X, y)
    return log_dir, search, curves.frame()


def test_tensorboard_shows_the_search(searched):
    log_dir, search, frame = searched
    server = Server(log_dir)
    n_candidates = len(search.cv_results_["params"])
    runs = server.wait_for_runs(n_candidates * 4 + 2)  # and the refit, and the search itself
    name = "003-n_layers=2,width=16"
    assert {f"{name}/split0", f"{name}/split2", name} <= set(runs)
    assert sum(run.endswith("/refit") for run in runs) == 1

    for candidate, params in enumerate(search.cv_results_["params"]):
        run = ",".join(f"{key.split('__')[1]}={params[key]}" for key in sorted(params))
        run = f"{candidate:03d}-{run}"
        for split in range(3):
            got = server.get("plugin/scalars/scalars", tag="loss", run=f"{run}/split{split}")
            here = frame[(frame["candidate"] == candidate) & (frame["split"] == split)]
            assert [step for _, step, _ in got] == here["epoch"].tolist()
            assert_allclose([value for *_, value in got], here["value"], rtol=1e-6)

    experiment = server.get("plugin/hparams/experiment", body={})
    domains = {info["name"]: info["domainDiscrete"] for info in experiment["hparamInfos"]}
    assert domains == {
        "n_layers": [1, 2],
        "width": [8, 16],
    }
    shown = {info["name"]["tag"] for info in experiment["metricInfos"]}
    assert {"mean_test_score", "rank_test_score", "loss"} <= shown

    columns = [{"metric": {"tag": "mean_test_score"}}]
    body = {
        "startIndex": 0,
        "sliceSize": 100,
        "colParams": columns,
        "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_RUNNING"],
    }
    groups = server.get("plugin/hparams/session_groups", body=body)["sessionGroups"]
    scores = {}
    for group in groups:
        key = tuple(group["hparams"][name] for name in ("n_layers", "width"))
        values = {v["name"]["tag"]: v["value"] for v in group["metricValues"]}
        scores[key] = values["mean_test_score"]
    expected = {
        tuple(params[f"mlpclassifier__{name}"] for name in ("n_layers", "width")): s
        for params, s in zip(
            search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
        )
    }
    assert scores == pytest.approx(expected, rel=1e-6)


def losses(log_dir):
    """Epochs and losses of each run, by its name; TensorBoard reads them."""
    from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
    from tensorboard.util.tensor_util import make_ndarray

    reader = EventMultiplexer().AddRunsFromDirectory(str(log_dir)).Reload()
    return {
        run: [(e.step, float(make_ndarray(e.tensor_proto))) for e in reader.Tensors(run, "loss")]
        for run, tags in reader.Runs().items()
        if "loss" in tags["tensors"]
    }


def test_a_continued_search_has_the_runs_of_one_that_never_stopped(binary, tmp_path):
    def runs(name, memory, epochs=6):
        net = MLPClassifier(1, 8, epochs=epochs, random_state=0, memory=memory)
        search = GridSearchCV(net, {"learning_rate": [0.01]}, cv=2, refit=False)
        search.set_callbacks(TensorBoard(tmp_path / name)).fit(*binary)
        return losses(tmp_path / name)

    expected = runs("never stopped", None)
    assert [len(points) for points in expected.values()] == [6, 6]
    runs("short", tmp_path / "store", epochs=2)
    for name in ("continued", "loaded"):
        assert runs(name, tmp_path / "store") == expected


def directories(log_dir):
    return sorted(str(p.relative_to(log_dir)) for p in log_dir.rglob("*") if p.is_dir())


def test_values_that_look_the_same_in_short_have_runs_of_their_own(tmp_path):
    rates = [0.01, 0.01 + 1e-12]
    search = GridSearchCV(pipeline(), {"mlpclassifier__learning_rate": rates}, cv=2, refit=False)
    search.set_callbacks(TensorBoard(tmp_path)).fit(X, y)
    first, second = "000-learning_rate=0.01", "001-learning_rate=0.01"
    expected = [first, second, *(f"{c}/split{s}" for c in (first, second) for s in (0, 1))]
    assert directories(tmp_path) == sorted(expected)


def test_a_candidate_is_one_run_in_whatever_order_its_parameters_are_named(tmp_path):
    space = {"width": [4, 8], "n_layers": [1]}  # a random search puts them in order
    net = MLPClassifier(epochs=1, random_state=0)
    search = RandomizedSearchCV(net, space, n_iter=2, cv=2, refit=False, random_state=0)
    search.set_callbacks(TensorBoard(tmp_path)).fit(X, y)
    names = [path.name for path in tmp_path.iterdir() if path.is_dir()]
    # A random search draws in another order than that of the list.
    assert sorted(name.partition("-")[0] for name in names) == ["000", "001"]
    assert {name.partition("-")[2] for name in names} == {
        "width=4,n_layers=1",
        "width=8,n_layers=1",
    }


def test_names_of_runs_stay_short(tmp_path):
    space = {
        "width": [4],
        "activation": ["relu"],
        "learning_rate": [0.00123456],
        "dropout": [0.125],
    }
    space |= {"kernel_initializer": ["glorot_uniform"], "batch_norm": [False], "l2": [1e-5]}
    net = MLPClassifier(n_layers=1, epochs=1, random_state=0)
    search = GridSearchCV(net, space, cv=2, refit=False)
    search.set_callbacks(TensorBoard(tmp_path)).fit(X, y)
    (name,) = [path.name for path in tmp_path.iterdir() if path.is_dir()]
    assert name.startswith("000-") and len(name) <= 80


def test_distributions_are_intervals(tmp_path):
    search = RandomizedSearchCV(
        pipeline(),
        {"mlpclassifier__learning_rate": loguniform(0.001, 0.5)},
        n_iter=2,
        cv=2,
        random_state=0,
        refit=False,
    )
    search.set_callbacks(TensorBoard(tmp_path)).fit(X, y)
    server = Server(tmp_path)
    server.wait_for_runs(7)
    (info,) = server.get("plugin/hparams/experiment", body={})["hparamInfos"]
    assert info["name"] == "learning_rate"
    assert info["domainInterval"] == {"minValue": 0.001, "maxValue": 0.5}


def test_fits_outside_a_search(tmp_path):
    board = TensorBoard(tmp_path)
    cross_validate(pipeline().set_callbacks(board), X, y, cv=2)
    assert directories(tmp_path) == ["fit0", "fit1"]


def test_a_directory_that_cannot_be_written(tmp_path):
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(OSError, match=r"log_dir='.*file.logs' cannot be written .*Give a dir"):
        TensorBoard(file / "logs")


def test_a_directory_that_goes_away_warns_and_the_search_goes_on(tmp_path):
    log_dir = tmp_path / "logs"
    board = TensorBoard(log_dir)
    log_dir.rmdir()
    log_dir.write_text("in the way")
    search = GridSearchCV(pipeline(), {"mlpclassifier__width": [8]}, cv=2, refit=False)
    search.set_callbacks(board)
    with pytest.warns(RuntimeWarning, match="TensorBoard could not follow") as caught:
        search.fit(X, y)
    assert sum("could not follow" in str(w.message) for w in caught) == 1
    assert search.best_score_ > 0.5
