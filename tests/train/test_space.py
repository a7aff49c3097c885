"""Spaces of settings: what is read, what is refused by name, and what is drawn."""

import tomllib
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from penchant.config import Config
from penchant.errors import ConfigError
from penchant.random import rng
from penchant.train.knobs import Choices, Range
from penchant.train.space import Space


class Inner(Config):
    """A group."""

    share: float = Field(default=0.5, ge=0.0, lt=1.0)
    low: float = 0.1


class Shop(Config):
    """Settings of every kind."""

    size: int = Field(default=64, ge=4, le=512)
    pca: int | None = Field(default=None, ge=2)
    rate: float = Field(default=0.01, gt=0.0)
    kind: Literal["a", "b"] = "a"
    flag: bool = False
    many: tuple[float, ...] = (1.0, 2.0)
    weights: dict[str, float] = Field(default_factory=lambda: {"view": 0.5})
    inner: Inner = Inner()


def read(text: str, **closed: str) -> Space:
    return Space.of(tomllib.loads(text), Shop(), closed)


def test_names_may_be_dotted_quoted_or_in_groups() -> None:
    for text in (
        "inner.share = [0.1, 0.2]\nsize = [8, 16]",
        '"inner.share" = [0.1, 0.2]\n"size" = [8, 16]',
        "size = [8, 16]\n[inner]\nshare = [0.1, 0.2]",
    ):
        space = read(text)
        assert set(space.names) == {"inner.share", "size"}
        assert space.knobs["inner.share"] == Choices((0.1, 0.2))


def test_a_setting_called_low_is_no_range() -> None:
    assert read("inner.low = [0.1, 0.2]").names == ("inner.low",)
    assert read("[inner]\nlow = { low = 0.1, high = 0.2 }").knobs["inner.low"] == Range(0.1, 0.2)


def test_a_range_of_a_whole_setting_is_whole() -> None:
    assert read("size = { low = 8, high = 64 }").knobs["size"] == Range(8, 64, whole=True)
    assert read("pca = { low = 2, high = 9 }").knobs["pca"] == Range(2, 9, whole=True)
    assert read("rate = { low = 1, high = 4 }").knobs["rate"] == Range(1.0, 4.0)
    assert read("rate = { low = 1, high = 4, int = true }").knobs["rate"] == Range(1, 4, whole=True)


def test_entries_of_a_mapping_can_be_searched() -> None:
    space = read("weights.view = { low = 0.1, high = 1.0 }\nweights.buy = [1.0, 2.0]")
    assert Shop().but(**space.draw(rng(0))).weights.keys() == {"view", "buy"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "came empty"),
        ("sise = [8]", "space: sise: unknown setting. Did you mean 'size'?"),
        ("inner.shore = [0.1]", "space: inner.shore: unknown setting. Did you mean 'share'?"),
        ("size.x = [8]", "size"),
        ("inner = [0.1]", "space: inner: this is a group; name settings inside it, as inner.share"),
        ("size = 8", "space: size: 8 came; expected a list of choices or a range"),
        ("size = []", "space: size: an empty list"),
        ("size = [8, 8]", "space: size: 8 came twice"),
        ('size = [8, "much"]', "space: size: 'much' came"),
        ("size = [2]", "space: size: 2 came; expected 4 or more"),
        ('kind = ["c"]', "space: kind: 'c' came"),
        ("many = [1.0, 2.0]", "space: many: 1.0 came.*give a list of lists"),
        ("kind = { low = 1, high = 2 }", "space: kind: "),
        ("rate = { low = 0.1 }", "space: rate: a range needs 'high'"),
        ("rate = { low = 0.1, hihg = 1.0 }", "space: rate: 'hihg' .*Did you mean 'high'"),
        ("rate = { low = 0.2, high = 0.1 }", "space: rate: an empty range"),
        ("rate = { low = 0.1, high = 0.1 }", "space: rate: an empty range"),
        ('rate = { low = "a", high = 0.1 }', "space: rate: low is 'a'; expected a finite number"),
        ("rate = { low = 0.1, high = inf }", "space: rate: high is inf; expected a finite number"),
        ("rate = { low = 0.0, high = 0.1 }", "space: rate: 0.0 came; expected more than 0"),
        ("inner.low = { low = 0.0, high = 0.1, log = true }", "inner.low: low is 0; with log"),
        ("rate = { low = 0.1, high = 1.0, log = 1 }", "rate: log is 1; expected true or false"),
        ("rate = { low = 0.1, high = 1.0, log = true, step = 0.1 }", "rate: log and step came"),
        ("rate = { low = 0.1, high = 1.0, step = 0.0 }", "rate: step is 0; expected more than 0"),
        ("rate = { low = 0.1, high = 1.0, step = 2.0 }", "rate: step is 2; expected more than 0"),
        ("size = { low = 8.5, high = 64 }", "space: size: 8.5 came"),
        ("size = { low = 8, high = 64, step = 2.5 }", "size: step is 2.5; expected a whole number"),
        ("inner.share = { low = 0.5, high = 1.0 }", "inner.share: 1.0 came; expected less than 1"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_its_name(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(text)


def test_closed_settings_are_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match=r"space: inner\.share: cannot be searched: it is mine"):
        read("inner.share = [0.1]", inner="it is mine")


def test_files_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        Space.from_toml(tmp_path / "nowhere.toml", Shop())
    (tmp_path / "bad.toml").write_text("size = [")
    with pytest.raises(ConfigError, match=r"bad\.toml: not valid TOML"):
        Space.from_toml(tmp_path / "bad.toml", Shop())
    with pytest.raises(ConfigError, match="cannot be read"):
        Space.from_toml(tmp_path, Shop())


def test_the_grid_holds_every_combination_once() -> None:
    space = read(
        'kind = ["a", "b"]\nsize = { low = 8, high = 20, step = 5 }\n'
        "rate = { low = 0.01, high = 1.0, log = true }"
    )
    grid = list(space.grid())
    assert len(grid) == space.size == 2 * 3 * 3
    assert [space.nth(n) for n in range(space.size)] == grid
    assert {s["size"] for s in grid} == {8, 13, 18}
    assert sorted({s["rate"] for s in grid}) == [0.01, 0.1, 1.0]
    assert not space.finite
    assert read("flag = [true, false]").finite


numbers = st.floats(0.001, 100.0, allow_nan=False).map(lambda x: float(f"{x:.5g}"))


@st.composite
def ranges(draw: st.DrawFn) -> dict[str, object]:
    low, high = sorted(draw(st.tuples(numbers, numbers).filter(lambda ends: ends[0] < ends[1])))
    made: dict[str, object] = {"low": low, "high": high}
    how = draw(st.sampled_from(["even", "log", "step"]))
    if how == "log":
        made["log"] = True
    if how == "step":
        made["step"] = (high - low) / draw(st.integers(1, 7))
    return made


@st.composite
def wholes(draw: st.DrawFn) -> dict[str, object]:
    low, high = sorted(draw(st.lists(st.integers(4, 512), min_size=2, max_size=2, unique=True)))
    made: dict[str, object] = {"low": low, "high": high}
    how = draw(st.sampled_from(["even", "log", "step"]))
    if how == "log":
        made["log"] = True
    if how == "step":
        made["step"] = draw(st.integers(1, high - low))
    return made


tables = st.fixed_dictionaries(
    {},
    optional={
        "rate": st.one_of(ranges(), st.lists(numbers, min_size=1, unique=True)),
        "size": st.one_of(wholes(), st.lists(st.integers(4, 512), min_size=1, unique=True)),
        "kind": st.lists(st.sampled_from(["a", "b"]), min_size=1, unique=True),
        "many": st.lists(
            st.lists(numbers, max_size=3), min_size=1, max_size=4, unique_by=lambda v: tuple(v)
        ),
        "inner": st.fixed_dictionaries({"share": st.lists(st.floats(0, 0.9), min_size=1,
                                                          unique=True)}),
    },
).filter(bool)  # fmt: skip


@settings(max_examples=40)
@given(tables, st.integers(0, 2**32 - 1))
def test_what_is_drawn_is_inside_and_is_a_setting(table, seed) -> None:
    space = Space.of(table, Shop())
    draws = rng(seed)
    for drawn in (space.draw(draws), space.draw(draws), space.nth(0), space.nth(space.size - 1)):
        assert space.holds(drawn)
        Shop().but(**drawn)
    assert space.draw(rng(seed)) == space.draw(rng(seed))


@settings(max_examples=40)
@given(tables)
def test_a_space_survives_toml(table) -> None:
    space = Space.of(table, Shop())
    assert Space.of(tomllib.loads(space.to_toml()), Shop()) == space


def test_draws_cover_a_range() -> None:
    draws = np.random.default_rng(0)
    steps = [Range(1, 7, step=2, whole=True).draw(draws) for _ in range(100)]
    assert set(steps) == {1, 3, 5, 7}
    logs = [Range(0.01, 1.0, log=True).draw(draws) for _ in range(400)]
    assert 0.4 < np.mean(np.array(logs) < 0.1) < 0.6
    assert {Range(2, 4, whole=True).draw(draws) for _ in range(60)} == {2, 3, 4}
    assert not Range(0, 1).holds(True)
