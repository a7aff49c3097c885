"""What is kept of texts on disk and in memory, and what is not."""

import errno

import numpy as np
import polars as pl
import pytest

from penchant.encode.config import EncodeConfig
from penchant.engine import texts as module
from penchant.engine.texts import Texts
from penchant.errors import StoreError
from penchant.types import QUIET, Report

CONFIG = EncodeConfig(kind="hashed", hashed_dim=16)


def test_items_are_kept_and_what_people_say_is_not(tmp_path):
    texts, said = Texts(tmp_path, QUIET), [f"I like number {n}" for n in range(50)]
    texts.words(said[0], CONFIG)
    found = texts.said(pl.DataFrame({"text": said}), CONFIG)
    assert found is not None
    assert found.vectors(np.arange(50)).shape == (50, 16)
    assert list(tmp_path.rglob("*.safetensors")) == []
    items = pl.DataFrame({"item_id": said, "title": said})
    texts.of(items, CONFIG, Report())
    assert len(list(tmp_path.rglob("*.safetensors"))) == 1


def test_what_reads_words_is_loaded_once(tmp_path, monkeypatch):
    made = []

    def make_encoder(config, cache):
        made.append(config)
        return module_make(config, cache)

    module_make = module.make_encoder
    monkeypatch.setattr(module, "make_encoder", make_encoder)
    texts, other = Texts(tmp_path, QUIET), EncodeConfig(kind="hashed", hashed_dim=32)
    assert [len(texts.words("red wine", c)) for c in (CONFIG, CONFIG, other)] == [16, 16, 32]
    assert made == [CONFIG, other]


def test_items_join_where_vectors_cannot_be_kept_and_a_fit_is_told(tmp_path, monkeypatch):
    """On a full disk."""

    def full(path, data):
        if path.suffix == ".safetensors":
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("penchant.encode.cache._write", full)
    ids = [f"i{n}" for n in range(50)]
    items = pl.DataFrame({"item_id": ids, "title": ids})
    joining = Texts(tmp_path, QUIET).of(items, CONFIG, Report(), width=16)
    assert np.array_equal(joining, Texts(None, QUIET).of(items, CONFIG, Report()))
    with pytest.raises(StoreError, match="vectors cannot be kept"):
        Texts(tmp_path, QUIET).of(items, CONFIG, Report())
