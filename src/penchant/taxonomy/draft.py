"""The tree while it grows: which items are where, level after level, before names and ids."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from penchant.data.vocabulary import Vocabulary
from penchant.random import rng
from penchant.taxonomy.assign import Entries, joined, matrix, soft
from penchant.taxonomy.cluster import nearest, spherical_kmeans, sums, unit
from penchant.taxonomy.config import TreeConfig
from penchant.taxonomy.given import STEP, UNCATEGORISED, Top
from penchant.taxonomy.space import Space
from penchant.taxonomy.tree import Placing, Tree
from penchant.types import Doubles, Floats, Ints, Report

NO_TEXT = "(no text)"
RESTS = (NO_TEXT, UNCATEGORISED)
Key = tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """Parents and category paths of the nodes of each level so far, and who is in the deepest.

    Before level 1 there is a root or two that belong to no level.

    Attributes:
        parents: per level, rows of the parents [K] (zeros for level 1).
        keys: per level, the category path of each node; empty for a learned one.
        entries: items, nodes of the deepest level, weights.
        deepest: category paths of the deepest level's nodes.
        roots: for each of the deepest level's nodes, the deepest given node above it.
        items: how many items there are.
    """

    parents: list[Ints]
    keys: list[list[Key]]
    entries: Entries
    deepest: list[Key]
    roots: Ints
    items: int

    @property
    def shape(self) -> tuple[int, int]:
        """Items, nodes of the deepest level."""
        return self.items, len(self.deepest)

    def leaves(self) -> sparse.csr_array:
        """Members of the deepest level; rows sum to 1."""
        return matrix([self.entries], self.shape)


def begin(top: Top | None, space: Space, config: TreeConfig, report: Report) -> Draft:
    """The given levels with every item in its place; without any, roots of no level."""
    n = len(space.rows)
    if top is None:
        what, name = "items without text or behaviour", NO_TEXT
        draft = _bare(space)
    else:
        what, name = "items without category, text or behaviour", UNCATEGORISED
        draft = _placed(top, space, report)
        dim = int((~space.known[np.unique(top.members.nonzero()[0])]).sum())
        report.add(STEP, "items without text or behaviour placed by category alone", dim, total=n)
    lost = np.setdiff1d(np.arange(n), draft.entries[0]).astype(np.int32)
    report.add(STEP, f"{what}, put under {name}", len(lost), total=n)
    return _with_rest(draft, lost, name)


def split(draft: Draft, space: Space, before: Ints, config: TreeConfig, seed: int) -> Draft:
    """One level more: every node's items are grouped by their vectors.

    `before` [I] holds the rows of the nodes that items were in on this level of the tree before,
    -1 where there was none: groups begin from what they were.
    """
    level = len(draft.parents) + 1
    target = config.targets(draft.items)[level - 1]
    rows, cols, weights = draft.entries
    order = np.argsort(cols, kind="stable")
    ends = np.searchsorted(cols[order], np.arange(draft.shape[1] + 1))
    sizes = np.bincount(before[rows] + 1, weights=weights)[1:]
    old = Old(before, sizes.astype(np.float64))
    kids: list[int] = []
    labels = np.zeros(len(rows), np.int32)
    for node, key in enumerate(draft.deepest):
        some = order[ends[node] : ends[node + 1]]
        size = float(weights[some].sum())
        k = 1 if key[:1] in [(rest,) for rest in RESTS] else _share(target, size, weights, config)
        draws = rng(seed, "tree", level, node)
        inside = _grouped(space.rows, rows[some], weights[some], k, old, draws, config)
        labels[some] = inside + sum(kids)
        kids.append(int(inside.max(initial=0)) + 1)
    up = np.repeat(np.arange(len(kids), dtype=np.int32), kids)
    keys = [_inherited(draft.deepest[node], level) for node in up]
    ups = up if draft.parents else np.zeros_like(up)
    return Draft(
        [*draft.parents, ups],
        [*draft.keys, keys],
        (rows, labels, weights),
        keys,
        draft.roots[up],
        draft.items,
    )


def soften(draft: Draft, space: Space, config: TreeConfig) -> Draft:
    """Let items belong to a few leaves with weights, inside what the catalogue gives them."""
    rows, cols, weights = draft.entries
    centres = unit(sums(space.rows[rows], cols, draft.shape[1], weights))
    placing = Placing(None, config.leaves_per_item, config.temperature, config.least)
    values = np.maximum(1, np.bincount(rows, minlength=draft.items))
    free = np.bincount(draft.roots)[draft.roots[cols]] > 1
    free &= space.known[rows]
    parts: list[Entries] = [(rows[~free], cols[~free], weights[~free])]
    group = np.where(free, draft.roots[cols] * (config.leaves_per_item + 1) + values[rows], -1)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-2))
    for some in np.split(order, starts[1:]):
        if not len(some) or group[some[0]] < 0:
            continue
        leaves = np.flatnonzero(draft.roots == draft.roots[cols[some[0]]]).astype(np.int32)
        most = max(1, config.leaves_per_item // int(values[rows[some[0]]]))
        r, c, w = soft(space.rows[rows[some]], centres[leaves], placing, most)
        parts.append((rows[some][r], leaves[c], w * weights[some][r]))
    return _pruned(replace(draft, entries=joined(parts)))


@dataclass(frozen=True)
class Old:
    """Rows of the nodes of the tree before [I], and how many items each has here [K]."""

    rows: Ints
    sizes: Doubles


def labels_before(previous: Tree | None, ids: Vocabulary, level: int) -> Ints:
    """Row of the node of a level that each item was in before [I]; -1 where none was."""
    if previous is None or level > previous.levels:
        return np.full(len(ids), -1, dtype=np.int32)
    rows = previous.items.rows(ids.ids)
    return np.where(rows >= 0, previous.main(level)[rows], -1).astype(np.int32)


def _bare(space: Space) -> Draft:
    known = np.flatnonzero(space.known).astype(np.int32)
    entries = (known, np.zeros(len(known), np.int32), np.ones(len(known), np.float32))
    roots = [()] if len(known) else []
    return Draft(
        [], [], entries, list(roots), np.arange(len(roots), dtype=np.int32), len(space.rows)
    )


def _placed(top: Top, space: Space, report: Report) -> Draft:
    """Items where the catalogue puts them; the others with the node that their vector is near."""
    n, k = top.members.shape
    told = top.members.tocoo()
    rows, cols = told.row.astype(np.int32), told.col.astype(np.int32)
    entries: Entries = (rows, cols, told.data.astype(np.float32))
    missing = np.setdiff1d(np.flatnonzero(space.known), rows).astype(np.int32)
    centres = unit(sums(space.rows[rows], cols, k, entries[2]))
    if len(missing) and np.any(centres):
        near, _ = nearest(space.rows[missing], centres)
        entries = joined([entries, (missing, near, np.ones(len(missing), np.float32))])
        report.add(STEP, "items without category placed by their vectors", len(missing), total=n)
    keys = [list(level) for level in top.keys]
    return Draft(list(top.parents), keys, entries, keys[-1], np.arange(k, dtype=np.int32), n)


def _with_rest(draft: Draft, lost: Ints, name: str) -> Draft:
    """One more node on every level, for items of which nothing is known."""
    if not len(lost):
        return draft
    depth = len(draft.parents)
    sizes = [len(level) for level in draft.keys]
    above = [0, *sizes[:-1]][:depth]
    parents = [np.append(up, np.int32(a)) for up, a in zip(draft.parents, above, strict=True)]
    keys = [[*level, (name,) * n] for n, level in enumerate(draft.keys, start=1)]
    node = draft.shape[1]
    more = (lost, np.full(len(lost), node, np.int32), np.ones(len(lost), np.float32))
    return Draft(
        parents,
        keys,
        joined([draft.entries, more]),
        [*draft.deepest, (name,) * max(1, depth)],
        np.append(draft.roots, np.int32(node)),
        draft.items,
    )


def _inherited(key: Key, level: int) -> Key:
    return (key[0],) * level if key[:1] in [(rest,) for rest in RESTS] else ()


def _share(target: int, size: float, weights: Floats, config: TreeConfig) -> int:
    """How many children a node should have: its share of the level's nodes."""
    k = round(target * size / max(1.0, float(weights.sum())))
    most = int(size // config.smallest) if config.sizes is None else int(size)
    return max(1, min(k, most))


def _grouped(
    x: Floats,
    rows: Ints,
    weights: Floats,
    k: int,
    old: Old,
    draws: np.random.Generator,
    config: TreeConfig,
) -> Ints:
    """Labels of one node's items; items without a vector go with the largest group."""
    known = np.any(x[rows], axis=1)
    labels = np.zeros(len(rows), dtype=np.int32)
    if k < 2 or known.sum() < 2:
        return labels
    here, w = x[rows[known]], weights[known]
    start = _warm(here, old, rows[known], w, k)
    groups = spherical_kmeans(here, k, draws, weights=w, start=start, config=config.kmeans)
    labels[known] = groups.labels
    labels[~known] = np.argmax(np.bincount(groups.labels, weights=w))
    return labels


def _warm(x: Floats, old: Old, rows: Ints, weights: Floats, k: int) -> Floats | None:
    """Centres of the groups that these items were in before, where about as many are wanted."""
    was = old.rows[rows]
    sizes = np.bincount(was + 1, weights=weights, minlength=len(old.sizes) + 1)[1:]
    mine = np.flatnonzero((sizes > 0) & (sizes > 0.5 * old.sizes))
    if len(mine) < 2 or abs(len(mine) - k) > max(1, k // 3):
        return None
    number = np.full(len(old.sizes) + 1, -1, dtype=np.int32)
    number[mine] = np.arange(len(mine), dtype=np.int32)
    label = number[was]
    return unit(sums(x[label >= 0], label[label >= 0], len(mine), weights[label >= 0]))


def _pruned(draft: Draft) -> Draft:
    """Leave out nodes that no item belongs to any more."""
    rows, cols, weights = draft.entries
    used = np.unique(cols)
    parents, keys = list(draft.parents), [list(level) for level in draft.keys]
    entries = (rows, np.searchsorted(used, cols).astype(np.int32), weights)
    roots = draft.roots[used]
    for level in reversed(range(len(parents))):
        keys[level] = [keys[level][row] for row in used]
        above = np.unique(parents[level][used]) if level else np.zeros(1, np.int32)
        parents[level] = np.searchsorted(above, parents[level][used]).astype(np.int32)
        used = above
    return Draft(parents, keys, entries, keys[-1], roots, draft.items)
