"""A workspace goes into one file and comes back whole, or not at all."""

import errno
import io
import json
import os
import tarfile
import threading
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from penchant.errors import StoreError
from penchant.store.audit import Entry
from penchant.store.backup import backup, restore
from penchant.store.config import StoreConfig
from penchant.store.workspace import Workspace
from penchant.testing.stores import events

NOW = "2024-05-01T12:00:00+00:00"


def filled(path, **more):
    workspace = Workspace(path, **more)
    workspace.write_config("seed = 1\n")
    workspace.tables.append("events", events(("ann", "a", 0), ("bob", "b", 1), shop="north"))
    workspace.tables.append("items", pl.DataFrame({"item_id": ["a"], "tags": [["x"]]}))
    for n in range(2):
        state = {"base": ({"M": np.full((3, 3), n)}, {"n": n})}
        workspace.models.promote(workspace.models.save(state, {}))
    return workspace


def test_what_is_restored_is_what_was_put_away(tmp_path):
    workspace = filled(tmp_path / "shop")
    made = backup(workspace, tmp_path / "deep" / "shop.tar", NOW)
    workspace.tables.append("events", events(("late", "a", 9)))  # after the backup
    came = restore(tmp_path / "deep" / "shop.tar", tmp_path / "again")
    assert came == made and made.tables and made.files == 7
    again = Workspace(tmp_path / "again", create=False)
    assert again.config.read_text() == "seed = 1\n"
    assert again.tables.read("events").collect()["user_id"].to_list() == ["ann", "bob"]
    assert again.tables.read("items").collect()["tags"].to_list() == [["x"]]
    assert again.models.load().state["base"][1]["n"] == 1
    assert again.models.rollback() == "0001"
    assert sorted(p.name for p in (tmp_path / "deep").iterdir()) == ["shop.tar"]


def test_who_restored_stands_in_the_audit_log_of_what_was_restored(tmp_path):
    workspace = filled(tmp_path / "shop")
    before = Entry(datetime(2024, 4, 1, tzinfo=UTC), "1", "forget", "hash")
    workspace.tables.audit.append(before)
    backup(workspace, tmp_path / "shop.tar", NOW)
    act = Entry(datetime(2024, 6, 1, tzinfo=UTC), "here", "restore")
    restore(tmp_path / "shop.tar", tmp_path / "again", act)
    names = sorted(p.name for p in (tmp_path / "again").iterdir())
    assert names == ["config.toml", "models", "penchant.db", "penchant.json"]
    again = Workspace(tmp_path / "again", create=False).tables
    assert again.audit.read() == [before, replace(act, detail={"backup": NOW})]
    assert workspace.tables.audit.read() == [before]


def test_a_backup_while_others_write_is_of_one_moment(tmp_path):
    workspace = filled(tmp_path / "shop")
    stop = threading.Event()

    def write():
        tables, n = Workspace(tmp_path / "shop").tables, 0
        while not stop.is_set():
            tables.append("events", events(("cy", f"i{n}", n), ("di", f"i{n}", n)))
            n += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        backup(workspace, tmp_path / "shop.tar", NOW)
    finally:
        stop.set()
        thread.join()
    restore(tmp_path / "shop.tar", tmp_path / "again")
    tables = Workspace(tmp_path / "again").tables
    counts = tables.read("events").collect()["user_id"].value_counts()
    assert len(set(counts.filter(pl.col("user_id").is_in(["cy", "di"]))["count"])) <= 1
    assert sum(c.rows for c in tables.changes(0) if c.kind == "events") == tables.rows("events")


def test_nothing_is_overwritten(tmp_path):
    workspace = filled(tmp_path / "shop")
    backup(workspace, tmp_path / "shop.tar", NOW)
    with pytest.raises(StoreError, match="is there already"):
        backup(workspace, tmp_path / "shop.tar", NOW)
    with pytest.raises(StoreError, match="into a new folder"):
        restore(tmp_path / "shop.tar", tmp_path / "shop")
    (tmp_path / "empty").mkdir()
    assert restore(tmp_path / "shop.tar", tmp_path / "empty").tables


def changed(path, change):
    """The same archive with its members changed."""
    with tarfile.open(path) as tar:
        members = {m.name: tar.extractfile(m).read() for m in tar}
    change(members)
    path.unlink()
    with tarfile.open(path, "w") as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def flip(members):
    data = members["models/0001/base.safetensors"]
    members["models/0001/base.safetensors"] = data[:-1] + bytes([data[-1] ^ 1])


def listing(**changes):
    def change(members):
        about = json.loads(members["backup.json"])
        members["backup.json"] = json.dumps({**about, **changes}).encode()

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (flip, r"models/0001/base\.safetensors does not match its checksum"),
        (lambda m: m.pop("penchant.db"), r"penchant\.db is missing"),
        (lambda m: m.pop("backup.json"), r"backup\.json is missing"),
        (lambda m: m.update({"backup.json": b"{"}), "its list cannot be read"),
        (listing(files=[1]), "its list cannot be read"),
        (listing(files={"../out": {"sha256": "x"}}), r"'\.\./out' points out of it"),
        (listing(files={"/out": {"sha256": "x"}}), "'/out' points out of it"),
        (listing(format=2), "from a newer penchant"),
    ],
)
def test_a_damaged_backup_is_refused_whole(tmp_path, change, said):
    backup(filled(tmp_path / "shop"), tmp_path / "shop.tar", NOW)
    changed(tmp_path / "shop.tar", change)
    with pytest.raises(StoreError, match=said):
        restore(tmp_path / "shop.tar", tmp_path / "again")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shop", "shop.tar"]


def test_what_is_no_backup_is_refused(tmp_path):
    (tmp_path / "shop.tar").write_bytes(b"thesis" * 1000)
    for name, said in (("shop.tar", "no whole backup"), ("nowhere.tar", "there is no such file")):
        with pytest.raises(StoreError, match=said):
            restore(tmp_path / name, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_tables_in_postgresql_are_left_to_its_own_tool(tmp_path, postgres_url):
    workspace = filled(tmp_path / "shop", store=StoreConfig(url=postgres_url))
    made = backup(workspace, tmp_path / "shop.tar", NOW)
    assert not made.tables
    assert postgres_url.split(":")[2].split("@")[0] not in workspace.database.login
    assert workspace.database.login.startswith("postgresql://penchant@127.0.0.1:")
    assert "postgresql" in str(workspace.status()) and workspace.status().bytes["data"] > 1e6
    restore(tmp_path / "shop.tar", tmp_path / "again")
    again = Workspace(tmp_path / "again", store=StoreConfig(url=postgres_url))
    assert again.models.load().state["base"][1]["n"] == 1


def test_a_folder_that_is_there_and_empty_may_be_the_one_we_are_in(tmp_path, monkeypatch):
    backup(filled(tmp_path / "shop"), tmp_path / "shop.tar", NOW)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    restore(tmp_path / "shop.tar", ".")
    assert Workspace(".", create=False).tables.rows("events") == 2
    with pytest.raises(StoreError, match="in use"):
        restore(tmp_path / "shop.tar", ".")


def test_a_restore_that_was_killed_is_no_workspace_and_may_be_repeated(tmp_path, monkeypatch):
    backup(filled(tmp_path / "shop"), tmp_path / "shop.tar", NOW)
    (tmp_path / "new" / ".restored").mkdir(parents=True)
    (tmp_path / "new" / ".restored" / "penchant.db").write_text("half of it")
    restore(tmp_path / "shop.tar", tmp_path / "new")
    assert Workspace(tmp_path / "new", create=False).tables.rows("events") == 2
    monkeypatch.setattr("penchant.store.backup.sync", refuse_the_mark)
    (tmp_path / "empty").mkdir()
    for target in (tmp_path / "empty", tmp_path / "fresh"):
        with pytest.raises(StoreError, match="could not be written"):
            restore(tmp_path / "shop.tar", target)
    assert list((tmp_path / "empty").iterdir()) == []
    assert not (tmp_path / "fresh").exists()


def refuse_the_mark(path):
    """The disk is full when all but the mark is in place."""
    if (path / "models").is_dir() and not (path / "penchant.json").exists():
        raise OSError(errno.ENOSPC, "no space")


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="modes of files are those of POSIX")
def test_what_names_people_can_be_read_by_its_owner_alone(tmp_path):
    shop = filled(tmp_path / "shop")
    backup(shop, tmp_path / "shop.tar", NOW)
    restore(tmp_path / "shop.tar", tmp_path / "again")
    for path in ("shop.tar", "shop/penchant.db", "shop/penchant.db-wal", "again/penchant.db"):
        assert (tmp_path / path).stat().st_mode & 0o077 == 0
    (tmp_path / "shop" / "penchant.db").chmod(0o640)
    shop.tables.append("events", events(("cy", "c", 2)))
    assert (tmp_path / "shop" / "penchant.db").stat().st_mode & 0o777 == 0o640  # as was chosen


def test_a_backup_that_is_not_there_is_named_and_makes_nothing(tmp_path):
    with pytest.raises(StoreError, match=r"nosuch\.tar: there is no such file"):
        restore(tmp_path / "nosuch.tar", tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
