"""A file is read and summed up once; then again only when it may be another one."""

import hashlib
import os

import pytest

from penchant.store import checked
from penchant.store.checked import unlike, unlike_since

BYTES = {"a.json": b"{}\n", "b.safetensors": bytes(range(256)) * 40}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Some files, which changed long enough ago."""
    monkeypatch.setattr(checked, "SETTLED", -1)
    monkeypatch.setattr(checked, "_BOOT", tmp_path / "boot")
    (tmp_path / "boot").write_text("first\n", encoding="ascii")
    (tmp_path / "files").mkdir()
    for name, told in BYTES.items():
        (tmp_path / "files" / name).write_bytes(told)
    return tmp_path / "files"


@pytest.fixture
def read(monkeypatch):
    """Names of the files that were summed up."""
    found, whole = [], checked.sha256
    monkeypatch.setattr(checked, "sha256", lambda path: found.append(path.name) or whole(path))
    return found


def expected():
    return {name: {"sha256": hashlib.sha256(told).hexdigest()} for name, told in BYTES.items()}


def asked(folder, files=None):
    return unlike_since(folder, files or expected(), folder.parent / "note")


def test_whole_files_are_read_once(folder, read):
    assert asked(folder) is None
    assert sorted(read) == sorted(BYTES)
    assert asked(folder) is None
    assert len(read) == len(BYTES)
    assert unlike(folder, expected()) is None
    assert len(read) == 2 * len(BYTES), "who asks for every byte gets it"


def test_one_bit_is_found_though_time_and_size_were_put_back(folder):
    assert asked(folder) is None
    path = folder / "b.safetensors"
    before, told = path.stat(), bytearray(BYTES["b.safetensors"])
    told[77] ^= 1
    with path.open("r+b") as file:
        file.write(told)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert asked(folder) == "b.safetensors"
    assert asked(folder) == "b.safetensors", "what is broken is not noted"


def test_another_file_in_its_place_is_read(folder, read):
    assert asked(folder) is None
    path = folder / "a.json"
    path.with_name("new").write_bytes(BYTES["a.json"])
    path.with_name("new").replace(path)
    read.clear()
    assert asked(folder) is None
    assert read == ["a.json"]


def test_another_sum_expected_is_looked_for(folder):
    assert asked(folder) is None
    assert asked(folder, expected() | {"a.json": {"sha256": "0" * 64}}) == "a.json"


def test_all_is_read_again_when_the_machine_was_started_anew(folder, read):
    assert asked(folder) is None
    (folder.parent / "boot").write_text("second\n", encoding="ascii")
    assert asked(folder) is None
    assert len(read) == 2 * len(BYTES)


def test_without_a_name_of_the_start_nothing_is_noted(folder, read):
    (folder.parent / "boot").unlink()
    assert [asked(folder), asked(folder)] == [None, None]
    assert len(read) == 2 * len(BYTES)
    assert not (folder.parent / "note").exists()


def test_of_a_file_that_changed_a_moment_ago_nothing_is_noted(folder, read, monkeypatch):
    monkeypatch.setattr(checked, "SETTLED", 10**15)
    assert [asked(folder), asked(folder)] == [None, None]
    assert len(read) == 2 * len(BYTES)


@pytest.mark.parametrize("note", ["", "[]", "{", '{"a.json": 3}', "\ud800"])
def test_a_note_that_says_nothing_is_passed_over(folder, read, note):
    (folder.parent / "note").write_bytes(note.encode("utf-8", "surrogatepass"))
    assert asked(folder) is None
    assert sorted(read) == sorted(BYTES)


def test_where_nothing_can_be_noted_all_is_read(folder, read):
    (folder.parent / "note").mkdir()
    assert [asked(folder), asked(folder)] == [None, None]
    assert len(read) == 2 * len(BYTES)
