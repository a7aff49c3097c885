"""A model of any size without a fit: layers whose arrays are drawn, with the shapes, the sparsity
and the likeness among items that a fit gives them.

Items of an interest lie together in text and in behaviour, neighbours of an item are mostly of its
interest, a few items are very popular, and people have a handful of interests.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from scipy import sparse

from penchant.clock import DAY
from penchant.data.moments import Moments
from penchant.data.vocabulary import Vocabulary
from penchant.interests.base.linear import LinearBase
from penchant.interests.base.weights import Sparse
from penchant.interests.calibration import Calibration
from penchant.interests.context.layer import ContextLayer
from penchant.interests.context.lifts import NaiveBayes
from penchant.interests.context.variables import Variable
from penchant.interests.dynamic.sequence import DynamicLayer
from penchant.interests.fusion import Fusion
from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel, InterestsConfig
from penchant.interests.newcomers import Newcomers
from penchant.interests.popularity import Popularity
from penchant.interests.precision import Precision
from penchant.random import rng
from penchant.recommend.explain import Explainer
from penchant.recommend.filters import Shelf
from penchant.recommend.pipeline import Pipeline, RecommendConfig
from penchant.taxonomy.config import TreeConfig
from penchant.taxonomy.tree import Node, Tree
from penchant.types import Floats, Longs

NOW = 1_700_000_000_000_000
TEXT = 384
DEVICES = ("desktop", "mobile", "tablet")


@dataclass(frozen=True)
class Drawn:
    """A made-up world: its model, its items, and who belongs where."""

    model: InterestModel
    table: pl.DataFrame
    leaf: Longs
    popular: Floats

    def pipeline(self, config: RecommendConfig) -> Pipeline:
        """What answers."""
        items, tree = self.model.catalogue.items, self.model.catalogue.tree
        explainer = Explainer(self.model, self.table, lambda source: "view")
        return Pipeline(self.model, Shelf(items, self.table, tree), explainer, config)

    def moments(self, people: int, events: int, seed: int = 0) -> list[Moments]:
        """People with so many events each, asked now: nine in ten lie in five interests each."""
        draw = rng(seed, "people")
        order = np.argsort(self.leaf, kind="stable")
        start = np.searchsorted(self.leaf[order], np.arange(self.leaf.max() + 2))
        found = []
        for _ in range(people):
            liked = self.leaf[draw.choice(len(self.leaf), 5, p=self.popular)]
            of = liked[draw.integers(5, size=events)]
            place = start[of] + (draw.random(events) ** 2 * (start[of + 1] - start[of])).astype(int)
            item = order[place]
            anything = draw.random(events) < 0.1
            item[anything] = draw.choice(len(self.leaf), anything.sum(), p=self.popular)
            found.append(_asked(item, draw))
        return found


def together(each: list[Moments]) -> Moments:
    """Moments of one person each as moments that are asked about together."""
    columns = ("item", "time", "weight", "source", "chosen", "at")
    sizes = [len(m.item) for m in each]
    return replace(
        each[0],
        offsets=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        **{name: np.concatenate([getattr(m, name) for m in each]) for name in columns},
        context={n: pl.concat([m.context[n] for m in each]) for n in each[0].context},
        past={n: pl.concat([m.past[n] for m in each]) for n in each[0].past},
    )


def _asked(item: Longs, draw: np.random.Generator) -> Moments:
    """One person's moment, from the items that they turned to over a year."""
    n = len(item)
    time = NOW - np.sort(draw.integers(DAY, 365 * DAY, n))[::-1]
    devices = pl.Series("device", [DEVICES[k] for k in draw.integers(3, size=n)])
    return Moments(
        offsets=np.array([0, n]),
        item=item.astype(np.int32),
        time=time,
        weight=draw.choice([1.0, 1.0, 1.0, 3.0, -0.5], n).astype(np.float32),
        source=np.zeros(n, np.int64),
        chosen=np.ones(n, bool),
        at=np.array([NOW]),
        context={"device": pl.Series("device", ["mobile"])},
        past={"device": devices.cast(pl.Enum(DEVICES))},
    )


def drawn(items: int, neighbours: int = 500, weights: int = 60_000_000, seed: int = 0) -> Drawn:
    """A world of so many items; `neighbours` weights of each item, or its share of `weights`."""
    draw = rng(seed, "world", items)
    catalogue, leaf = _catalogue(items, draw)
    popular = draw.pareto(1.1, items).astype(np.float32) + 0.05
    popular = (popular / popular.sum()).astype(np.float64)
    popular /= popular.sum()
    model = InterestModel(InterestsConfig())
    model.catalogue, model.repeats_, model.social_ = catalogue, False, False
    model.layers = {
        "base": _base(catalogue, leaf, min(neighbours, weights // items), draw),
        "context": _context(catalogue, draw),
        "dynamic": _dynamic(catalogue, seed),
        "popularity": _popularity(popular, draw),
    }
    model.fusion = Fusion(model.config.fusion, tuple(model.layers))
    model.fusion.without_evidence()
    model.calibration, model.precision = Calibration(), Precision()
    table = pl.DataFrame(
        {
            "item_id": catalogue.items.ids,
            "title": [f"Thing {i}" for i in range(items)],
            "available": draw.random(items) < 0.98,
        }
    )
    return Drawn(model, table, leaf, popular)


def _catalogue(items: int, draw: np.random.Generator) -> tuple[Catalogue, Longs]:
    """Texts around their interest's, and a tree of three levels with up to three leaves an item."""
    sizes = TreeConfig().targets(items)
    nodes: list[list[Node]] = []
    for level, size in enumerate(sizes, start=1):
        above = [f"n{level - 1}.{k % sizes[level - 2]}" if level > 1 else None for k in range(size)]
        named = [(f"n{level}.{k}", f"Interest {level}.{k}") for k in range(size)]
        nodes.append(
            [Node(id_, level, name, up, 1.0) for (id_, name), up in zip(named, above, strict=True)]
        )
    K = sizes[-1]
    share = draw.gamma(2.0, size=K)
    leaf = draw.choice(K, items, p=share / share.sum())
    others = draw.choice(3, items, p=[0.55, 0.3, 0.15])
    rows, columns, values = [np.arange(items)], [leaf], [1.0 / (1 + 0.4 * others)]
    for k in (1, 2):
        some = np.flatnonzero(others >= k)
        rows.append(some)
        columns.append((leaf[some] + k * 7) % K)
        values.append(0.4 / (1 + 0.4 * others[some]))
    place = (np.concatenate(rows), np.concatenate(columns))
    flat = np.concatenate(values).astype(np.float32)
    leaves = sparse.csr_array((flat, place), shape=(items, K))
    ids = Vocabulary(pl.Series([f"i{i:07d}" for i in range(items)]))
    centre = draw.standard_normal((K, TEXT)).astype(np.float32)
    text = np.empty((items, TEXT), np.float32)
    for a in range(0, items, 50_000):
        part = slice(a, a + 50_000)
        some = centre[leaf[part]] + draw.standard_normal(text[part].shape, np.float32)
        text[part] = some / np.linalg.norm(some, axis=1, keepdims=True)
    centroids = tuple(np.zeros((size, TEXT), np.float32) for size in sizes)
    return Catalogue(
        ids, text, Tree.from_leaves(nodes, leaves, centroids=centroids, items=ids)
    ), leaf


def _base(catalogue: Catalogue, leaf: Longs, each: int, draw: np.random.Generator) -> LinearBase:
    """Nine neighbours in ten are of the item's interest or of one beside it, with weights that fall
    like a fit's."""
    I = len(catalogue)
    order = np.argsort(leaf, kind="stable")
    place = np.empty(I, np.int64)
    place[order] = np.arange(I)
    weight = 0.1 * (np.arange(each) + 1.0) ** -0.8
    indices = np.empty((I, each), np.int32)
    for a in range(0, I, 20_000):
        here = place[a : a + 20_000, None]
        near = order[(here + (each * draw.laplace(size=(len(here), each))).astype(int)) % I]
        far = draw.integers(I, size=near.shape)
        near = np.where(draw.random(near.shape) < 0.9, near, far)
        indices[a : a + 20_000] = np.sort(near, axis=1)
    data = np.tile(weight[draw.permutation(each)].astype(np.float32), (I, 1))
    data *= 0.5 + draw.random((I, 1), np.float32)
    offsets = np.arange(0, I * each + 1, each)
    base = LinearBase()
    M = sparse.csr_array((data.ravel(), indices.ravel(), offsets), shape=(I, I))
    M.sum_duplicates()
    base.M_ = Sparse(M)
    base.Kin_ = base._kin_of(catalogue)
    base.theta_, base.own_ = [0.3, 0.2, 0.2, 0.2, 0.1], [0.0] * 4
    base.kin_ = [0.05, 0.02] * catalogue.tree.levels
    base.penalty_, base.text_, base.activity_, base.unit_ = 100.0, 0.1, 0.4, 0.01
    return base


def _context(catalogue: Catalogue, draw: np.random.Generator) -> ContextLayer:
    hours = Variable("hour", ("night", "morning", "noon", "afternoon", "evening", "late"))
    days = Variable("weekday", ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    layer = ContextLayer()
    layer.variables_ = [hours, days, Variable("device", DEVICES)]
    layer.extend(catalogue)
    K = layer.members_.shape[1]
    layer.lifts_, layer.theta_ = NaiveBayes(), [1.0, 0.5]
    layer.lifts_.table_ = 0.3 * draw.standard_normal((16, K)).astype(np.float32)
    layer.share_ = draw.dirichlet(np.full(K, 2.0)).astype(np.float32)
    return layer


def _dynamic(catalogue: Catalogue, seed: int) -> DynamicLayer:
    """Item vectors of text, behaviour and tree in like parts; the network as it is before a fit, so
    that it heads where the person's last events lie."""
    import torch

    from penchant.interests.dynamic.heading import Heading

    layer = DynamicLayer()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        layer.net_ = Heading(catalogue, layer.config)
        torch.nn.init.orthogonal_(layer.net_.items.project.weight)
        layer.net_.items.project.weight *= 1.7
        torch.nn.init.normal_(layer.net_.items.behaviour.weight, std=0.09)
        for nodes in layer.net_.items.nodes:
            torch.nn.init.normal_(nodes, std=0.05)
        layer.net_.eval()
    return layer


def _popularity(popular: Floats, draw: np.random.Generator) -> Popularity:
    """Four half-lives; counts that wander from one snapshot to the next."""
    layer = Popularity()
    S = max(2, min(layer.config.snapshots, layer.config.cells // len(popular)))
    layer.half_lives_, layer.theta_ = [7.0, 30.0, 480.0, 1e6], [0.2, 0.3, 0.3, 0.2]
    layer.phi_ = [0.0] * (len(layer.config.newness) + 2)
    layer.times_ = np.linspace(NOW - 400 * DAY, NOW, S).astype(np.int64)
    none, since = np.zeros(TEXT, np.float32), np.full(len(popular), NOW - 400 * DAY, np.int64)
    told = np.zeros(len(popular), np.float32)
    layer.newcomers_ = Newcomers(layer.config.newness, since, none, none, told)
    mean = (popular * len(popular) * 20).astype(np.float32)
    counted = (
        mean * np.exp(0.3 * draw.standard_normal((S, 1)) + 0.2 * draw.standard_normal(len(mean)))
        for _ in layer.half_lives_
    )
    return layer.take_counts(each.astype(np.float32) for each in counted)
