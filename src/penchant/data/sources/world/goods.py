"""The goods: which leaf, style, popularity and launch day each has, and its words and price."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from penchant.clock import DAY
from penchant.data import columns as c
from penchant.data.sources.world.config import WorldConfig
from penchant.data.sources.world.shelves import Leaf, leaves
from penchant.random import rng
from penchant.types import Bools, Doubles, Ints, Longs

STYLES = 8
"""Hidden styles, the same eight in every leaf; no text tells them."""
_NAMES = (
    "Alder Ardent Aurora Bramble Brio Cinder Clover Coast Dune Elm Ember Fable Falcon Fen Gale "
    "Harvest Hazel Heron Indigo Ivy Juniper Kite Lark Linden Lumen Maple Merlin Mistral Nimbus "
    "Nova Orchid Osprey Pebble Quill Raven Rowan Sable Sorrel Tarn Thistle Umber Vale Vesper "
    "Willow Wren Yarrow Zephyr Ashford Bellmoor Corran Dunmore Eskdale Farrow Glenhaven"
)
NAMES = tuple(_NAMES.split())
"""Names of ranges of goods, and of places in books."""
_AS_WRITTEN = {"of", "the", "and", "in", "a", "with", "by", "for", "ml", "cm", "mm", "kg", "g", "m"}


@dataclass(frozen=True)
class Tree:
    """The three levels: K leaves, and the parent of each on the levels above."""

    leaves: tuple[Leaf, ...]

    def paths(self, level: int) -> list[tuple[str, ...]]:
        """Categories of a level, broad to narrow each, in the order of the truth's columns."""
        return list(dict.fromkeys(leaf.path[:level] for leaf in self.leaves))

    def parents(self, level: int) -> Longs:
        """Which category of a level each leaf lies in [K]."""
        row = {path: n for n, path in enumerate(self.paths(level))}
        return np.array([row[leaf.path[:level]] for leaf in self.leaves], np.int64)

    def to_level(self, values: Doubles, level: int) -> Doubles:
        """Sum the leaves' columns of values [B × K] up to a level."""
        into = np.eye(len(self.paths(level)))[self.parents(level)]
        return np.asarray(values @ into)


@dataclass(frozen=True)
class Goods:
    """Items in (leaf, style, launch) order, so that what is on sale is a prefix of each pair.

    leaf, style, launch (day) [I]; quality [I], the popularity weight; number [I], the public id's.
    """

    tree: Tree
    days: int
    leaf: Longs
    style: Longs
    launch: Longs
    quality: Doubles
    number: Longs

    def __len__(self) -> int:
        return len(self.leaf)

    @cached_property
    def ids(self) -> pl.Series:
        """Public id of each item; the order of ids tells nothing [I]."""
        width = max(5, len(str(len(self))))
        return pl.Series(c.ITEM, [f"i{n:0{width}}" for n in self.number], dtype=pl.String)

    @cached_property
    def repeat(self) -> Bools:
        """Which leaves hold goods that are used up and bought again [K]."""
        return np.array([leaf.repeat for leaf in self.tree.leaves])

    @cached_property
    def cumulative(self) -> Doubles:
        """Sum of quality up to and including each item [I]."""
        return np.cumsum(self.quality)

    @cached_property
    def first(self) -> Longs:
        """Where each pair of leaf and style begins [K × STYLES]."""
        pair = self.leaf * STYLES + self.style
        return np.searchsorted(pair, np.arange(len(self.tree.leaves) * STYLES))

    @cached_property
    def on_sale(self) -> Ints:
        """Number of items on sale, by day and pair [days × (K · STYLES)]."""
        counts = np.zeros((self.days, len(self.first)), np.int32)
        np.add.at(counts, (self.launch, self.leaf * STYLES + self.style), 1)
        return np.cumsum(counts, axis=0, dtype=np.int32)

    @cached_property
    def mass(self) -> Doubles:
        """Quality on sale, by day, leaf and style [days × K × STYLES]."""
        total = np.zeros((self.days, len(self.first)))
        np.add.at(total, (self.launch, self.leaf * STYLES + self.style), self.quality)
        return np.cumsum(total, axis=0).reshape(self.days, -1, STYLES)

    @cached_property
    def share(self) -> Doubles:
        """Popularity of each leaf by day [days × K]; rows sum to 1."""
        by_leaf = self.mass.sum(axis=2)
        return np.asarray(by_leaf / by_leaf.sum(axis=1, keepdims=True))

    def draw(self, leaf: Longs, style: Longs, day: Longs, uniform: Doubles) -> Longs:
        """Draw items of given pairs by quality among what is on sale that day [E]."""
        pair = leaf * STYLES + style
        start = self.first[pair]
        before = np.where(start > 0, self.cumulative[start - 1], 0.0)
        aim = before + uniform * self.mass[day, leaf, style]
        found = np.searchsorted(self.cumulative, aim, side="right")
        return np.clip(found, start, start + self.on_sale[day, pair] - 1)


def make_goods(config: WorldConfig) -> Goods:
    """Stock the shop: leaves unequal in size and weight, Zipf inside each."""
    names = list(dict.fromkeys(leaf.path[0] for leaf in leaves()))[: config.departments]
    tree = Tree(tuple(leaf for leaf in leaves() if leaf.path[0] in names))
    K, make = len(tree.leaves), rng(config.seed, "goods")
    weight = make.lognormal(0.0, 0.5, K)
    spare = make.multinomial(config.items - K, weight**0.5 / (weight**0.5).sum())
    leaf = np.repeat(np.arange(K), spare + 1)
    style = make.integers(STYLES, size=config.items)
    launch = _launches(config, leaf, make)
    order = np.lexsort((launch, style, leaf))
    return Goods(
        tree=tree,
        days=config.days,
        leaf=leaf,
        style=style[order],
        launch=launch[order],
        quality=_quality(leaf, weight, config.popularity, make),
        number=make.permutation(config.items),
    )


def _launches(config: WorldConfig, leaf: Longs, make: np.random.Generator) -> Longs:
    """Day on which each item appears; the first of every leaf is there from the start [I]."""
    late = make.random(len(leaf)) < config.launches
    day = np.where(late, make.integers(1, config.days, size=len(leaf)), 0)
    day[np.flatnonzero(np.diff(leaf, prepend=-1))] = 0
    return day


def _quality(leaf: Longs, weight: Doubles, power: float, make: np.random.Generator) -> Doubles:
    """Zipf over a random order inside each leaf; each leaf sums to its weight [I]."""
    order = np.lexsort((make.random(len(leaf)), leaf))
    start = np.searchsorted(leaf, leaf)
    raw = np.empty(len(leaf))
    raw[order] = (1.0 + np.arange(len(leaf)) - start) ** -power
    return np.asarray(raw / np.bincount(leaf, raw)[leaf] * weight[leaf])


def describe(goods: Goods, config: WorldConfig) -> pl.DataFrame:
    """The item table: words, brand, tags, price and launch day of each item, in order of ids."""
    words = _write(goods, config)
    kinds = goods.tree.leaves
    day = pl.Series("launched", config.start_us + goods.launch * DAY, dtype=pl.Int64)
    table = pl.DataFrame(
        {
            c.ITEM: goods.ids,
            c.TITLE: [w[0] for w in words],
            c.DESCRIPTION: [w[1] for w in words],
            c.CATEGORY: [list(kinds[k].path) for k in goods.leaf],
            c.TAGS: [w[3] for w in words],
            c.BRAND: [w[2] for w in words],
            c.PRICE: _prices(goods, config),
            "launched": day.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        },
        schema_overrides={c.CATEGORY: pl.List(pl.String), c.TAGS: pl.List(pl.String)},
    )
    return table.sort(c.ITEM)


def _prices(goods: Goods, config: WorldConfig) -> Doubles:
    """Log-uniform inside the leaf's range, ending as shops' prices do [I]."""
    make = rng(config.seed, "prices")
    low = np.array([leaf.low for leaf in goods.tree.leaves])[goods.leaf]
    high = np.array([leaf.high for leaf in goods.tree.leaves])[goods.leaf]
    raw = np.exp(np.log(low) + make.random(len(goods)) * np.log(high / low))
    ending = make.choice([0.99, 0.95, 0.50, 0.0], size=len(goods), p=[0.5, 0.2, 0.2, 0.1])
    return np.asarray(np.where(raw > 200, np.round(raw / 10) * 10 - 1, np.floor(raw) + ending))


def _write(goods: Goods, config: WorldConfig) -> list[tuple[str, str, str, list[str]]]:
    """Title, description, brand and tags of each item; a title in use is written anew."""
    numbers = rng(config.seed, "words").random((len(goods), 12))
    again = rng(config.seed, "words again")
    used: set[str] = set()
    written = []
    for k, row in zip(goods.leaf.tolist(), numbers.tolist(), strict=True):
        leaf = goods.tree.leaves[k]
        words = _slots(leaf, row)
        title = _title(leaf, words, row[6])
        for _ in range(8):
            if title not in used:
                break
            row = again.random(12).tolist()
            words = _slots(leaf, row)
            title = _title(leaf, words, row[6])
        used.add(title)
        tags = [words["quality"].lower(), words["noun"], leaf.path[1].lower()]
        written.append(
            (title, _text(leaf, words, row), words["brand"], tags[: 2 + (row[11] < 0.6)])
        )
    return written


def _slots(leaf: Leaf, row: Sequence[float]) -> dict[str, str]:
    return {
        "brand": _pick(leaf.department.brands, row[0]),
        "quality": _pick(leaf.qualities, row[1]),
        "noun": _pick(leaf.nouns, row[2]),
        "variant": _pick(leaf.variants, row[3]),
        "name": _pick(NAMES, row[4]),
        "model": f"{'ABCEGKMPRSTVX'[int(row[5] * 13)]}{1 + int(row[5] * 997) % 97}0",
    }


def _title(leaf: Leaf, words: dict[str, str], uniform: float) -> str:
    text = _pick(leaf.department.titles, uniform).format(**words).split()
    return " ".join(
        word if (n and word in _AS_WRITTEN) or word != word.lower() else word[:1].upper() + word[1:]
        for n, word in enumerate(text)
    )


def _text(leaf: Leaf, words: dict[str, str], row: Sequence[float]) -> str:
    """An opening, two of the leaf's sentences, and mostly a closing."""
    one, two = _two(len(leaf.sentences), row[7], row[8])
    parts = [_pick(leaf.department.opening, row[9]).format(**words)]
    parts += [leaf.sentences[one], leaf.sentences[two]]
    if row[10] < 0.7:
        parts.append(_pick(leaf.department.closing, row[10] / 0.7))
    return " ".join(f"{part[:1].upper()}{part[1:]}." for part in parts)


def _two(n: int, a: float, b: float) -> tuple[int, int]:
    """Two different rows of n."""
    one = int(a * n)
    return one, (one + 1 + int(b * (n - 1))) % n


def _pick(words: Sequence[str], uniform: float) -> str:
    return words[int(uniform * len(words))]
