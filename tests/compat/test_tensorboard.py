"""Names of TensorBoard that it does not document: they do what skhp takes them to do."""

import pytest

pytest.importorskip("tensorboard")

from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.plugins.hparams import api
from tensorboard.util.tensor_util import make_ndarray

from skhp.compat.tensorboard import EventFile, check_installed


def test_an_event_file_holds_what_was_written(tmp_path):
    check_installed()
    file = EventFile(tmp_path / "run")
    file.write_scalar("loss", 0.5, 3)
    file.write(api.hparams_pb({"width": 8}, trial_id="a"))
    file.close()
    (path,) = (tmp_path / "run").iterdir()
    events = [event for event in EventFileLoader(str(path)).Load() if event.HasField("summary")]
    scalar, hparams = (event.summary.value[0] for event in events)
    assert (events[0].step, scalar.tag, make_ndarray(scalar.tensor)) == (3, "loss", 0.5)
    assert hparams.metadata.plugin_data.plugin_name == "hparams"
