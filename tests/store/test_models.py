"""Model versions: what is saved comes back; what is broken is named; a way back is kept."""

import errno
import json
import os
import sqlite3
import threading
import warnings
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penchant import __version__
from penchant.errors import CorruptModelError, HeldError, NotFittedError, StoreError
from penchant.store.arrays import DTYPES, read_arrays, write_arrays
from penchant.store.lock import locked
from penchant.store.models import Fallback, Models
from penchant.store.sql import audit
from penchant.store.sql.database import Database
from penchant.store.sql.tables import SqlTables


def clock():
    return datetime(2024, 5, 1, 12, tzinfo=UTC)


def state(n=0):
    return {
        "base": (
            {"M": np.arange(6, dtype=np.float32).reshape(2, 3) + n},
            {"kind": "linear", "n": n},
        ),
        "vocabulary": ({}, {"items": ["a", "ß", "😀"]}),
    }


def opened(folder):
    return Models(folder / "models", Database(f"sqlite:///{folder / 'shop.db'}"), clock)


@pytest.fixture
def models(tmp_path):
    return opened(tmp_path)


def execute(models, statement, *values):
    with sqlite3.connect(models.folder.parent / "shop.db") as connection:
        return connection.execute(statement, values).fetchall()


def saved(models, times):
    """So many versions, each promoted in turn."""
    for n in range(times):
        models.promote(models.save(state(n), {"metrics": {"ndcg": n / 10}}))


# There and back


def test_what_is_saved_comes_back(models):
    version = models.save(state(3), {"config": {"seed": 0}, "metrics": {"ndcg": 0.5}})
    found = models.load(version)
    arrays, values = found.state["base"]
    np.testing.assert_array_equal(arrays["M"], state(3)["base"][0]["M"])
    assert values == {"kind": "linear", "n": 3}
    assert found.state["vocabulary"] == state()["vocabulary"]
    assert list(found.state) == ["base", "vocabulary"]
    assert found.manifest["config"] == {"seed": 0}
    assert found.manifest["created"] == "2024-05-01T12:00:00+00:00"
    assert found.manifest["penchant"] == __version__
    assert set(found.manifest["files"]) == {"base.safetensors", "base.json", "vocabulary.json"}


NUMBERS = st.sampled_from([d.str for d in DTYPES.values()] + [">f4", ">i8"])


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_array_comes_back(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("arrays") / "x.safetensors"
    shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    made = hnp.arrays(data.draw(NUMBERS), shapes)
    arrays = data.draw(st.dictionaries(st.text("abc", min_size=1), made, min_size=1, max_size=4))
    write_arrays(path, arrays)
    found = read_arrays(path)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype.newbyteorder("<")
        assert type(found[name]) is np.ndarray


def test_slices_and_transposes_are_kept_as_seen(tmp_path):
    matrix = np.arange(12.0).reshape(3, 4)
    arrays = {"turned": matrix.T, "every": matrix[:, ::2], "column": np.asfortranarray(matrix)}
    write_arrays(tmp_path / "x.safetensors", arrays)
    for name, array in read_arrays(tmp_path / "x.safetensors").items():
        np.testing.assert_array_equal(array, arrays[name])


def test_other_readers_of_the_format_agree(tmp_path):
    from safetensors.numpy import load_file

    write_arrays(tmp_path / "x.safetensors", state()["base"][0])
    np.testing.assert_array_equal(
        load_file(tmp_path / "x.safetensors")["M"], state()["base"][0]["M"]
    )


def test_arrays_are_mapped_and_a_change_stays_in_memory(models):
    version = models.save(state(), {})
    first = models.load(version).state["base"][0]["M"]
    mapped = first
    while mapped.base is not None and not isinstance(mapped, np.memmap):
        mapped = mapped.base
    assert isinstance(mapped, np.memmap)
    first[:] = 99
    np.testing.assert_array_equal(
        models.load(version).state["base"][0]["M"], state()["base"][0]["M"]
    )


def test_mapped_arrays_serve_torch_without_a_warning(models):
    import torch

    found = models.load(models.save(state(), {}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.from_numpy(found.state["base"][0]["M"]).sum() == 15


@pytest.mark.parametrize(
    ("part", "about", "said"),
    [
        ({"../up": ({}, {})}, {}, "expected a name of letters"),
        ({"base": ({"names": np.array(["a"])}, {})}, {}, "base.names: an array of <U1"),
        ({"base": ({}, {"when": clock()})}, {}, "base.when: a datetime"),
        ({"base": ({}, {"size": np.float32(1)})}, {}, "base.size: a float32"),
        ({"base": ({}, {"ages": {1: "x"}})}, {}, "base.ages: key 1 is not text"),
        ({"base": ({}, {"list": [object()]})}, {}, r"base.list\[0\]: a object"),
        ({}, {"files": {}}, "manifest.files"),
    ],
)
def test_what_would_not_come_back_is_refused(models, part, about, said):
    with pytest.raises(StoreError, match=said):
        models.save(part, about)
    assert models.versions() == []


# Current, before, gone


def test_saving_is_not_promoting(models):
    with pytest.raises(NotFittedError, match="penchant fit"):
        models.load()
    models.save(state(), {})
    assert models.current() is None
    models.promote("0001")
    assert models.load().version == "0001"


def test_rollback_goes_back_step_by_step(models):
    saved(models, 3)
    assert [models.rollback(), models.rollback()] == ["0002", "0001"]
    assert models.load().state["base"][1]["n"] == 0
    with pytest.raises(StoreError, match="no earlier whole version"):
        models.rollback()
    assert models.current() == "0001"
    assert models.save(state(), {}) == "0004"


def test_rollback_leaves_a_broken_version(models):
    saved(models, 3)
    for broken in ("0003", "0002"):
        (models.folder / broken / "base.json").unlink()
    with pytest.raises(CorruptModelError, match="penchant rollback"):
        models.load()
    assert models.rollback() == "0001"
    assert models.load().version == "0001"


def test_a_broken_version_is_not_promoted(models):
    saved(models, 1)
    version = models.save(state(), {})
    (models.folder / version / "base.safetensors").write_bytes(b"")
    with pytest.raises(CorruptModelError):
        models.promote(version, by="here")
    assert models.current() == "0001"
    assert execute(models, "SELECT * FROM audit") == []


def test_who_chose_a_version_stands_in_the_audit_log_if_it_serves(models, monkeypatch):
    saved(models, 2)
    models.promote("0001", by="here")
    models.promote("0002", why="rebuild", by="here")
    models.rollback(by="here")
    kept = [(action, json.loads(detail)["version"]) for action, detail in execute(
        models, "SELECT action, detail FROM audit ORDER BY seq")]  # fmt: skip
    assert kept == [("promote", "0001"), ("rebuild", "0002"), ("rollback", "0001")]
    assert execute(models, "SELECT DISTINCT actor, subject FROM audit") == [("here", None)]

    def refuse(*_):
        raise StoreError("no more room")

    monkeypatch.setattr(audit, "note", refuse)
    with pytest.raises(StoreError, match="no more room"):
        models.promote("0002", by="here")
    assert models.current() == "0001", "one is not there without the other"


def test_the_last_good_version_serves_where_the_current_one_is_broken(models):
    with pytest.raises(NotFittedError):
        models.last_good()
    saved(models, 3)
    assert (models.last_good().version, models.last_good().report.findings) == ("0003", [])
    assert models.last_good().fallback is None
    for broken in ("0003", "0002"):
        (models.folder / broken / "base.json").unlink()
    found = models.last_good()
    assert found.version == "0001" and found.state["base"][1]["n"] == 0
    assert found.report.count("broken versions of the model passed over") == 2
    assert found.fallback == Fallback("0003", "0001", "base.json is missing")
    assert models.current() == "0003"  # nothing was promoted by looking
    (models.folder / "0001" / "base.json").unlink()
    with pytest.raises(CorruptModelError, match="0003"):
        models.last_good()


def test_every_promotion_is_a_change_that_readers_learn_of(models):
    tables = SqlTables(models._database)
    saved(models, 2)
    models.rollback()
    assert [(one.seq, one.kind, one.rows) for one in tables.changes(0)] == [
        (1, "model", 0), (2, "model", 0), (3, "model", 0),
    ]  # fmt: skip
    told = execute(models, "SELECT version, previous, why FROM promotion ORDER BY seq")
    assert told == [("0001", None, "promote"), ("0002", "0001", "promote"),
                    ("0001", "0002", "rollback")]  # fmt: skip


def test_promotions_side_by_side_are_all_noted_and_one_serves(models):
    names = [models.save(state(n), {}) for n in range(6)]
    threads = [
        threading.Thread(target=opened(models.folder.parent).promote, args=(name,))
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = execute(models, "SELECT version, previous FROM promotion ORDER BY seq")
    assert sorted(version for version, _ in told) == names
    assert [before for _, before in told] == [None, *(version for version, _ in told[:-1])]
    assert models.current() == told[-1][0]


def test_promoting_twice_is_promoting_once(models):
    saved(models, 2)
    models.promote("0002")
    assert models.rollback() == "0001"


def test_versions_are_listed_with_what_is_wrong(models):
    saved(models, 2)
    (models.folder / "0001" / "base.json").write_text("")
    first, second = models.versions()
    assert (first.current, second.current) == (False, True)
    assert first.problem is not None and "base.json" in first.problem
    assert second.problem is None and second.created.startswith("2024-05-01")
    assert second.metrics == {"ndcg": 0.1} and second.bytes > 100


def test_the_quality_that_was_noted_can_be_asked_of_the_database(models):
    saved(models, 1)
    models.save(state(), {})  # as before it was noted
    told = execute(models, "SELECT version, metrics FROM model ORDER BY version")
    assert [(name, json.loads(text)) for name, text in told] == [
        ("0001", {"ndcg": 0.0}), ("0002", {}),
    ]  # fmt: skip
    assert [version.metrics for version in models.versions()] == [{"ndcg": 0.0}, {}]


def test_pruning_keeps_the_newest_the_current_and_a_way_back(models):
    saved(models, 4)
    models.rollback()  # 0003 is current, 0002 before it
    models.save(state(), {})
    assert models.prune(keep=1) == ["0001", "0004"]
    assert [v.name for v in models.versions()] == ["0002", "0003", "0005"]
    assert models.rollback() == "0002"
    with pytest.raises(StoreError, match="keep: 0"):
        models.prune(keep=0)


def test_versions_of_another_database_are_left_alone(models, tmp_path):
    saved(models, 1)
    other = Models(models.folder, Database(f"sqlite:///{tmp_path / 'other.db'}"), clock)
    assert other.save(state(7), {}) == "0002"
    assert other.prune(keep=1) == []
    saved(models, 1)
    assert [v.name for v in models.versions()] == ["0001", "0003"]
    for version in models.versions():
        models.verify(version.name)
    assert other.load("0002").state["base"][1]["n"] == 7


def test_a_writer_waits_for_a_backup_to_end(models, monkeypatch):
    held, slept = ExitStack(), []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 10:
            held.close()

    clock = SimpleNamespace(monotonic=lambda: 30.0 * len(slept), sleep=sleep)
    with held:
        held.enter_context(locked(models.folder / ".lock"))
        monkeypatch.setattr("penchant.store.lock.time", clock)
        assert models.save(state(), {}) == "0001"


def test_a_lock_holds_also_where_its_holder_cannot_be_noted(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("penchant.store.lock.os.pwrite", full)
    with (
        locked(tmp_path / ".lock"),
        pytest.raises(HeldError, match="unknown"),
        locked(tmp_path / ".lock", wait=0.0),
    ):
        pass


def test_an_unknown_version_is_named(models):
    saved(models, 1)
    for ask in (models.load, models.promote, models.verify):
        with pytest.raises(StoreError, match=r"there is no .0009. in .*; known: 0001"):
            ask("0009")


# Broken files

FILES = ["base.safetensors", "base.json", "vocabulary.json"]


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_anywhere_is_found(models, name):
    saved(models, 1)
    path = models.folder / "0001" / name
    whole = path.read_bytes()
    for at in range(0, len(whole), max(len(whole) // 40, 1)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(CorruptModelError, match=name) as caught:
            models.load()
        assert "penchant rollback" in str(caught.value) and "penchant fit" in str(caught.value)
    path.write_bytes(whole)
    assert models.load().version == "0001"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["truncate", "empty", "delete", "append", "nonsense"])
def test_a_harmed_file_is_named(models, name, harm):
    saved(models, 1)
    path = models.folder / "0001" / name
    whole = path.read_bytes()
    harmed = {"truncate": whole[:-9], "empty": b"", "append": whole + b"x", "nonsense": b"\xff{["}
    path.write_bytes(harmed[harm]) if harm in harmed else path.unlink()
    with pytest.raises(CorruptModelError, match=name):
        models.load()


@pytest.mark.parametrize(
    ("format_", "advice"), [(9, "Upgrade penchant"), (1, "Learn again: `penchant fit`")]
)
def test_a_model_from_another_version_is_told_apart_from_a_broken_one(models, format_, advice):
    saved(models, 1)
    ((text,),) = execute(models, "SELECT manifest FROM model")
    manifest = json.loads(text) | {"format": format_, "penchant": "7.0"}
    execute(models, "UPDATE model SET manifest = ?", json.dumps(manifest))
    with pytest.raises(StoreError, match=rf"format {format_} is from penchant 7\.0") as caught:
        models.load()
    assert advice in str(caught.value)
    assert not isinstance(caught.value, CorruptModelError)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_a_list_that_cannot_be_read_is_named(models, text):
    saved(models, 1)
    execute(models, "UPDATE model SET manifest = ?", text)
    with pytest.raises(CorruptModelError, match="0001"):
        models.load()
    assert models.versions()[0].problem


# Interruptions


class Crash(BaseException):
    """The machine stops here."""


def stop_after(monkeypatch, touches: int):
    """Let so many touches of the disk pass, then stop."""
    left = [touches]

    def wrap(real):
        def touch(*args, **kwargs):
            if left[0] == 0:
                raise Crash
            left[0] -= 1
            return real(*args, **kwargs)

        return touch

    for name in ("fsync", "replace", "unlink", "mkdir"):
        monkeypatch.setattr(os, name, wrap(getattr(os, name)))


def work(models: Models) -> None:
    models.promote(models.save(state(9), {"metrics": {}}))
    models.prune(keep=1)


def test_an_interruption_anywhere_leaves_a_model_that_loads(tmp_path):
    for point in range(100):
        folder = tmp_path / str(point)
        folder.mkdir()
        models = opened(folder)
        saved(models, 2)
        with pytest.MonkeyPatch.context() as patch:
            stop_after(patch, point)
            try:
                work(models)
                break
            except Crash:
                pass
        again = opened(folder)
        assert again.load().version in ("0002", "0003")
        for version in again.versions():
            again.verify(version.name)
        work(again)
        assert again.load().state["base"][1]["n"] == 9
        assert not list(Path(models.folder).glob(".*.tmp"))
    assert point > 10, "the stops were never reached"


@pytest.fixture
def noting(tmp_path, monkeypatch):
    """What is found whole is noted at once, on any machine."""
    (tmp_path / "boot").write_text("once", encoding="ascii")
    monkeypatch.setattr("penchant.store.checked._BOOT", tmp_path / "boot")
    monkeypatch.setattr("penchant.store.checked.SETTLED", -1)


def test_the_last_good_version_serves_where_one_breaks_that_was_found_whole(models, noting):
    saved(models, 2)
    assert [models.last_good().version for _ in range(2)] == ["0002", "0002"]
    path = models.folder / "0002" / "base.safetensors"
    told = bytearray(path.read_bytes())
    told[-1] ^= 1
    path.write_bytes(told)
    found = models.last_good()
    assert found.version == "0001"
    assert found.report.count("broken versions of the model passed over") == 1
    assert found.fallback.why == "base.safetensors does not match its checksum"


def test_why_a_version_fell_back_names_no_folder(models):
    """Who asks a service without a key is told."""
    saved(models, 2)
    (models.folder / "0002" / "base.json").write_text("")
    assert models.last_good().fallback.why == "base.json has 0 bytes, expected 31"
    execute(models, "UPDATE model SET manifest = '{' WHERE version = '0002'")
    found = models.last_good().fallback
    assert found.why == "0002 has no list that can be read"
    assert str(found) == f"version 0001 serves, not 0002, which is broken: {found.why}"


def test_what_was_noted_of_a_version_goes_with_it(models, noting):
    saved(models, 4)
    for version in ("0001", "0004"):
        models.load(version)
    assert len(list(models.folder.glob(".*.checked"))) == 2
    models.prune(keep=1)
    assert [path.name for path in models.folder.glob(".*.checked")] == [".0004.checked"]
