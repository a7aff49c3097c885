"""Item tables to texts to vectors."""

import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.encode.config import EncodeConfig
from penchant.encode.items import encode_items, encode_texts, item_texts
from penchant.errors import ConfigError, SchemaError
from penchant.types import Report

HASHED = EncodeConfig(kind="hashed", hashed_dim=64)


def test_what_an_item_has_is_joined_and_what_it_lacks_is_left_out():
    items = pl.DataFrame(
        {
            "title": ["  Rosé\n2019 ", None, "Plain", None],
            "brand": [None, "Acme", "", None],
            "category": [["Wine", "Pink", None], [], ["Misc"], None],
            "tags": [["dry", " ", "summer"], None, [], None],
            "price": [1.0, 2.0, 3.0, 4.0],
        }
    )
    assert item_texts(items, EncodeConfig()).to_list() == [
        "Rosé 2019. Wine > Pink. dry, summer",
        "Acme",
        "Plain. Misc",
        "",
    ]


def test_a_template_of_ones_own():
    items = pl.DataFrame({"title": ["Amélie", "Heat"], "year": [2001.0, None], "votes": [7, 8]})
    config = EncodeConfig(template=("{title} ({year})", "{votes} votes"), separator=" | ")
    assert item_texts(items, config).to_list() == ["Amélie (2001) | 7 votes", "8 votes"]


def test_columns_of_any_kind_are_read():
    items = pl.DataFrame(
        {
            "title": ["a", "b"],
            "brand": [None, None],
            "tags": [[1, 2], [3, 4]],
            "genres": ["x", "y"],
        },
        schema_overrides={"tags": pl.Array(pl.Int64, 2), "genres": pl.Categorical},
    )
    assert item_texts(items, EncodeConfig()).to_list() == ["a. x. 1, 2", "b. y. 3, 4"]


def test_a_misspelt_column_is_told():
    with pytest.raises(SchemaError, match=r"no column 'titel'.*Did you mean 'title'"):
        item_texts(pl.DataFrame({"title": ["a"]}), EncodeConfig(template=("{titel}",)))


def test_a_column_that_is_no_text_is_told():
    items = pl.DataFrame({"title": [{"de": "a"}]})
    with pytest.raises(SchemaError, match="column 'title' is Struct"):
        item_texts(items, EncodeConfig())


def test_a_template_without_columns_is_told():
    with pytest.raises(ConfigError, match=r"encode\.template: .* names no column"):
        item_texts(pl.DataFrame({"title": ["a"]}), EncodeConfig(template=("title",)))


@pytest.mark.parametrize("items", [pl.DataFrame({"item_id": ["a", "b"]}), pl.DataFrame()])
def test_items_without_any_text_get_zeros_and_are_counted(items):
    report = Report()
    vectors = encode_items(items, HASHED, report=report)
    assert vectors.shape == (items.height, 64)
    assert not vectors.any()
    assert report.count("without text, vector is zero") == items.height


def test_where_there_is_nothing_to_read_no_model_is_loaded(monkeypatch):
    def load(*_):
        raise AssertionError("a language model is loaded to read nothing")

    monkeypatch.setattr("penchant.encode.text.load", load)
    items, bars = pl.DataFrame({"title": ["", None, "  "]}), Bars()
    for width in (None, 12):  # as the model's files say it, and as somebody knows it
        vectors = encode_items(items, EncodeConfig(), report=Report(), width=width, progress=bars)
        assert vectors.shape == (3, width or 384)
        assert not vectors.any()
    assert not bars.steps


def test_rows_stay_with_their_items(tmp_path):
    items = pl.DataFrame({"title": ["a short one", "", "a much longer title", "a short one", None]})
    report = Report()
    vectors = encode_items(items, HASHED, report=report, cache=tmp_path)
    assert vectors.any(axis=1).tolist() == [True, False, True, True, False]
    np.testing.assert_array_equal(vectors[0], vectors[3])
    alone = encode_texts(["a much longer title"], HASHED, report=Report())
    np.testing.assert_allclose(vectors[2:3], alone, atol=1e-6)
    assert str(report) == "encode: without text, vector is zero: 2 of 5"


@pytest.mark.parametrize("kind", ["text", "hashed"])
def test_ten_megabytes_of_description_are_cut_and_counted(kind):
    items = pl.DataFrame({"title": ["a", "b"], "description": ["very long " * 1_000_000, "short"]})
    report = Report()
    vectors = encode_items(items, EncodeConfig(kind=kind), report=report)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert report.count("long texts cut") == 1
    assert len(report.findings[0].examples[0]) <= 60


class Bars:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int | None]] = []
        self.done = 0

    @contextmanager
    def step(self, name, total=None):
        self.steps.append((name, total))
        yield self

    def advance(self, n=1, note=""):
        self.done += n


@pytest.mark.parametrize("again", [False, True])
def test_one_bar_counts_every_distinct_text(tmp_path, again):
    texts = ["a", "b", "a", "", "c"]
    if again:
        encode_texts(["b"], HASHED, report=Report(), cache=tmp_path)
    bars = Bars()
    encode_texts(texts, HASHED, report=Report(), cache=tmp_path, progress=bars)
    assert bars.steps == [("encode texts", 3)]
    assert bars.done == 3


@settings(deadline=None, max_examples=15)
@given(st.lists(st.text(max_size=30), max_size=12))
def test_any_text_gets_a_unit_row_or_zeros(texts):
    report = Report()
    vectors = encode_texts(texts, HASHED, report=report)
    length = np.linalg.norm(vectors, axis=1)
    assert vectors.shape == (len(texts), 64)
    assert np.all((np.abs(length - 1) < 1e-5) | (length == 0))
    assert all(length[row] == 0 for row, text in enumerate(texts) if not text.strip())


CHANGES = {
    "kind": "hashed",
    "model": "some/other",
    "template": ("{title}",),
    "separator": " – ",
    "batch_size": 1,
    "dtype": "float32",
    "device": "cpu",
    "static_dim": 32,
    "hashed_dim": 32,
}


def test_every_setting_is_known_to_this_test():
    assert set(CHANGES) == set(EncodeConfig.model_fields)


@pytest.mark.parametrize(
    ("field", "value"), [("kind", "fast"), ("batch_size", 0), ("dtype", "int8"), ("hashed_dim", 1)]
)
def test_a_wrong_setting_is_told(field, value):
    with pytest.raises(ConfigError, match=f"EncodeConfig.{field}"):
        EncodeConfig(**{field: value})


def test_settings_come_back_from_toml(tmp_path):
    config = EncodeConfig(**CHANGES)
    (tmp_path / "encode.toml").write_text(config.to_toml(), encoding="utf-8")
    assert EncodeConfig.from_toml(tmp_path / "encode.toml") == config


DATA = Path(os.environ.get("PENCHANT_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.skipif(not (DATA / "amazon-beauty").is_dir(), reason="real data is not here")
def test_neighbours_share_a_shelf_on_real_products():
    items = pl.read_parquet(DATA / "amazon-beauty" / "items.parquet").sample(1500, seed=1)
    shelf = items["category"].list.last().to_numpy()
    config = EncodeConfig(kind="hashed", template=("{title}",))
    vectors = encode_items(items, config, report=Report())
    likeness = vectors @ vectors.T - 2 * np.eye(len(vectors), dtype=np.float32)
    nearest = shelf[likeness.argmax(axis=1)]
    chance = float(np.mean(shelf[:, None] == shelf[None, :]))
    assert np.mean(nearest == shelf) > 10 * chance
