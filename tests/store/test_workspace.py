"""A workspace folder: made, opened, refused, summed up."""

import json
import os
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from penchant.errors import StoreError
from penchant.store.files import write_atomic, write_text
from penchant.store.workspace import FOLDERS, Workspace
from penchant.testing.stores import events


def clock():
    return datetime(2024, 5, 1, 12, tzinfo=UTC)


def test_it_is_made_where_there_is_none_and_opened_again(tmp_path):
    path = tmp_path / "deep" / "shop"
    made = Workspace(path, clock=clock)
    assert sorted(p.name for p in path.iterdir()) == sorted([*FOLDERS, "penchant.json"])
    mark = {"format": 2, "created": "2024-05-01T12:00:00+00:00"}
    assert json.loads((path / "penchant.json").read_text()) == mark
    made.tables.append("events", events(("ann", "a", 0)))
    again = Workspace(path, create=False)
    assert again.tables.rows("events") == 1
    assert json.loads((path / "penchant.json").read_text()) == mark


class Late(Workspace):
    """Another process makes the workspace while this one looks whether it may."""

    def _strangers(self):
        Workspace(self.path)
        return super()._strangers()


def test_it_may_be_made_by_several_at_once(tmp_path):
    assert Late(tmp_path / "shop").tables.rows("events") == 0


def test_of_several_writers_of_a_file_none_disturbs_another(tmp_path):
    path = tmp_path / "config.toml"

    def slowly(temporary):
        temporary.write_text("first")
        write_text(path, "second")
        assert path.read_text() == "second"

    write_atomic(path, slowly)
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_settings_may_be_there_first(tmp_path):
    (tmp_path / "config.toml").write_text("seed = 1\n")
    (tmp_path / ".gitignore").write_text("*")
    workspace = Workspace(tmp_path)
    assert workspace.config.read_text() == "seed = 1\n"
    workspace.write_config("seed = 2\n")
    assert workspace.config.read_text() == "seed = 2\n"


def test_what_is_not_a_workspace_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(StoreError, match=r"holds other things \(thesis\.tex\)"):
        Workspace(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(StoreError, match="this is a file"):
        Workspace(tmp_path / "thesis.tex")
    with pytest.raises(StoreError, match=r"no workspace here.*penchant add"):
        Workspace(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ('{"format": 1}', "format 1, whose tables.*penchant -w NEW add.*penchant -w NEW fit"),
        ('{"format": 3}', "from a newer version.*Upgrade penchant"),
        ("{}", "not readable"),
        ("[1]", "not readable"),
        ("", "not readable"),
        ('{"format": null}', "not readable"),
    ],
)
def test_an_unreadable_or_newer_mark_is_named(tmp_path, mark, said):
    (tmp_path / "penchant.json").write_text(mark)
    with pytest.raises(StoreError, match=said):
        Workspace(tmp_path)


def test_half_made_is_finished_when_opened(tmp_path):
    (tmp_path / "penchant.json").write_text('{"format": 2}')
    Workspace(tmp_path)
    assert all((tmp_path / name).is_dir() for name in FOLDERS)


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(StoreError, match="mounted for writing"):
        Workspace(tmp_path / "shop")


def test_status_sums_up(tmp_path):
    workspace = Workspace(tmp_path / "shop", clock=clock)
    assert "nothing yet" in str(workspace.status())
    assert "penchant fit" in str(workspace.status())
    workspace.tables.append("events", events(("ann", "a", 0), ("ann", "a", 1)))
    workspace.tables.append("items", pl.DataFrame({"item_id": ["a", "a"], "price": [1, 2]}))
    state = {"base": ({"M": np.zeros((100, 100))}, {})}
    workspace.models.promote(workspace.models.save(state, {}))
    workspace.models.save(state, {})
    status = workspace.status()
    assert (status.rows["events"], status.rows["items"]) == (2, 1)
    assert (status.model, status.versions) == ("0001", 2)
    assert status.bytes["models"] > 160_000
    assert "2 events, 1 items" in str(status)
    assert "0001 of 2024-05-01T12:00:00+00:00 (2 kept)" in str(status)
    assert json.loads(json.dumps(status.to_json()))["rows"]["events"] == 2


def test_status_tells_of_a_broken_model(tmp_path):
    workspace = Workspace(tmp_path / "shop")
    workspace.models.promote(workspace.models.save({"base": ({}, {})}, {}))
    (tmp_path / "shop/models/0001/base.json").write_text("")
    assert "base.json" in (workspace.status().problem or "")
    assert "base.json" in str(workspace.status())


def test_scratch_comes_and_goes(tmp_path):
    workspace = Workspace(tmp_path / "shop")
    (workspace.scratch("fit-1") / "epoch").write_text("3")
    assert (workspace.scratch("fit-1") / "epoch").read_text() == "3"
    workspace.scratch("fit-2")
    workspace.clear_scratch("fit-1")
    assert [p.name for p in (workspace.path / "scratch").iterdir()] == ["fit-2"]
    workspace.clear_scratch()
    assert not list((workspace.path / "scratch").iterdir())
    assert workspace.cache.is_dir() and workspace.reports.is_dir()
    with pytest.raises(StoreError, match="scratch"):
        workspace.scratch("../models")
