"""Nothing is encoded twice, and nothing damaged is believed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from penchant.encode import once
from penchant.encode.cache import MANY, VectorCache, keys_of
from penchant.encode.config import EncodeConfig
from penchant.encode.hashed import HashedEncoder
from penchant.encode.once import encode_texts
from penchant.errors import StoreError
from penchant.types import QUIET, Report

CONFIG = EncodeConfig(kind="hashed", hashed_dim=16)
TEXTS = [f"item number {n} of the catalogue" for n in range(50)]


class Counting:
    """A hashed encoder that remembers what it was asked, and may stop half-way."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.inner = HashedEncoder(CONFIG)
        self.name, self.dim = self.inner.name, self.inner.dim
        self.asked: list[str] = []
        self.stop_after = stop_after

    def encode(self, texts, *, progress=QUIET):
        if self.stop_after is not None and len(self.asked) >= self.stop_after:
            raise KeyboardInterrupt
        self.asked.extend(texts)
        return self.inner.encode(texts, progress=progress)


def encode(texts, encoder, cache, report=None):
    return encode_texts(
        texts, CONFIG, encoder=encoder, cache=cache, report=Report() if report is None else report
    )


def shards(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.safetensors"))


def test_a_text_is_encoded_once_in_a_run_and_ever(tmp_path):
    first, second = Counting(), Counting()
    twice = TEXTS + TEXTS[::-1]
    vectors = encode(twice, first, tmp_path)
    assert sorted(first.asked) == sorted(TEXTS)
    np.testing.assert_array_equal(vectors[:50], vectors[50:][::-1])
    np.testing.assert_array_equal(encode(twice, second, tmp_path), vectors)
    assert second.asked == []
    encode([*TEXTS, "something new"], second, tmp_path)
    assert second.asked == ["something new"]


def test_kept_or_not_the_vectors_are_the_same(tmp_path):
    np.testing.assert_array_equal(
        encode(TEXTS, Counting(), None), encode(TEXTS, Counting(), tmp_path)
    )


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(once, "CHUNK", 10)
    broken, resumed = Counting(stop_after=30), Counting()
    with pytest.raises(KeyboardInterrupt):
        encode(TEXTS, broken, tmp_path)
    vectors = encode(TEXTS, resumed, tmp_path)
    assert len(broken.asked) == 30
    assert set(broken.asked) | set(resumed.asked) == set(TEXTS)
    assert not set(broken.asked) & set(resumed.asked)
    np.testing.assert_array_equal(vectors, encode(TEXTS, Counting(), None))


def test_another_encoder_has_vectors_of_its_own(tmp_path):
    encode(TEXTS, Counting(), tmp_path)
    other = Counting()
    other.name = "another"
    encode(TEXTS, other, tmp_path)
    assert len(other.asked) == len(TEXTS)


def test_a_cut_is_told_again_when_the_vector_comes_from_disk(tmp_path):
    texts = ["word " * 10_000, *TEXTS, "word " * 10_000]
    reports = [Report(), Report()]
    for report in reports:
        encode(texts, Counting(), tmp_path, report)
    assert [report.count("long texts cut") for report in reports] == [2, 2]


def spoil_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


DAMAGE = {
    "a flipped bit": spoil_middle,
    "a cut end": lambda p: p.write_bytes(p.read_bytes()[:-7]),
    "an empty file": lambda p: p.write_bytes(b""),
    "another file": lambda p: p.write_text("not at all what was expected here"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_shard_is_counted_set_aside_and_encoded_again(tmp_path, monkeypatch, how):
    monkeypatch.setattr(once, "CHUNK", 25)
    vectors = encode(TEXTS, Counting(), tmp_path)
    DAMAGE[how](shards(tmp_path)[0])
    report, again, later = Report(), Counting(), Counting()
    np.testing.assert_array_equal(encode(TEXTS, again, tmp_path, report), vectors)
    assert report.count("damaged cache files set aside, texts encoded again") == 1
    assert len(again.asked) == 25
    assert len(list(tmp_path.rglob("*.damaged"))) == 1
    encode(TEXTS, later, tmp_path)
    assert later.asked == []


def test_a_shard_that_another_process_took_away_is_encoded_again(tmp_path):
    encode(TEXTS, Counting(), tmp_path)
    cache = VectorCache(tmp_path, Counting().name)
    shards(tmp_path)[0].unlink()
    assert list(cache.find(keys_of(cache.encoder, TEXTS))) == []
    assert cache.set_aside == []


def test_a_few_texts_leave_no_file_each(tmp_path):
    encoder = Counting()
    for text in TEXTS:
        encode([text], encoder, tmp_path)
    assert shards(tmp_path) == []


def test_few_texts_are_kept_where_a_model_would_have_to_be_loaded(tmp_path):
    """An item that came alone is not encoded again by every process that begins."""
    first, second = Counting(), Counting()
    for encoder in (first, second):
        encode_texts(
            TEXTS[:1], EncodeConfig(kind="text"), encoder=encoder, cache=tmp_path, report=Report()
        )
    assert (len(first.asked), len(second.asked)) == (1, 0)


def test_many_small_shards_become_one(tmp_path):
    texts = [f"{text}, {n}" for n in range(MANY + 2) for text in TEXTS]
    encoder = Counting()
    vectors = encode(texts, encoder, None)
    for start in range(0, len(texts), 50):
        encode(texts[start : start + 50], encoder, tmp_path)
        assert len(shards(tmp_path)) < MANY
    again = Counting()
    np.testing.assert_array_equal(encode(texts, again, tmp_path), vectors)
    assert again.asked == []


def test_shards_of_which_one_is_damaged_become_one_all_the_same(tmp_path):
    encoder, report = Counting(), Report()
    for n in range(MANY - 1):
        encode([f"{text}, {n}" for text in TEXTS], encoder, tmp_path)
    spoil_middle(shards(tmp_path)[0])
    encode(TEXTS, encoder, tmp_path, report)
    assert report.count("damaged cache files set aside, texts encoded again") == 1
    assert len(shards(tmp_path)) == 1


WRITER = """
import sys
from pathlib import Path
import numpy as np
from penchant.encode.cache import MANY, VectorCache, keys_of
from penchant.encode.encoder import Encoded
cache = VectorCache(Path(sys.argv[1]), "shared")
for n in range(int(sys.argv[2]), int(sys.argv[2]) + 40):
    made = Encoded(np.full((2, 4), 0.5, np.float32), np.zeros(2, np.bool_))
    cache.put(keys_of("shared", [f"text {n}", f"text {n + 1}"]), made)
"""


def test_two_processes_may_write_at_once(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, start]) for start in ("0", "20")]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    cache = VectorCache(tmp_path, "shared")
    asked = keys_of("shared", [f"text {n}" for n in range(61)])
    found = sorted(row for rows, _ in cache.find(asked) for row in rows)
    assert found == list(range(61))
    assert cache.set_aside == []
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "vectors").write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="cannot keep vectors here"):
        encode(TEXTS, Counting(), tmp_path)


def test_keys_depend_on_encoder_and_text():
    texts = ["a", "b", ""]
    keys = np.concatenate([keys_of("one", texts), keys_of("two", texts), keys_of("onea", [""])])
    assert len(np.unique(keys, axis=0)) == 7
