"""Weights of interests for many moments at once: plain sums over items, before calibration.

    P(n | u, t, c) = Σ_{i ∈ n} P(i | u, t, c)

Beside the whole model's weights stand those of each layer alone, of what is usual at the time, and
of the person's past choices under several rhythms. Only the narrowest level is summed over items;
broader ones add up their children.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy import sparse

from penchant.clock import HOUR
from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.interests.base.decay import fading
from penchant.taxonomy.siblings import Siblings
from penchant.taxonomy.tree import Tree
from penchant.types import Bools, Floats, Ints, Longs

if TYPE_CHECKING:
    from penchant.interests.model import InterestModel, Parts

_SITTING = 6.0  # hours in which half of what a visit says about the next act is gone
HEADING = "dynamic"
"""The layer that says where somebody is heading."""
Levels = tuple[Floats, ...]
"""One table a level [B × K], broadest first."""


@dataclass(frozen=True)
class Weights:
    """What is known of B moments' interests, level by level.

    `whole` is what the model says, `layers` what it says with one layer alone beside popularity,
    `usual` what everybody turns to at that time, `heading` what the model says with the dynamic
    layer alone, before calibration (None where it has none): rows sum to 1. `counted` holds, for
    each rhythm, how many of the person's choices were of each interest, faded. `fresh` [B] is 1 in
    the midst of a visit and fades to 0 after it, by half every six hours since the last event.
    `heard` [B] is until when it is known what everybody did (µs).
    """

    alpha: Floats
    heard: Longs
    fresh: Floats
    whole: Levels
    layers: dict[str, Levels]
    usual: Levels
    counted: tuple[Levels, ...]
    heading: Levels | None = None

    def __len__(self) -> int:
        return len(self.alpha)

    @property
    def events(self) -> Floats:
        """How many choices each rests on, faded by the slowest rhythm [B]."""
        return np.asarray(
            np.max([tables[0].sum(axis=1) for tables in self.counted], axis=0), np.float32
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Those of several pieces of moments, one after the other."""

        def levels(pieces: Sequence[Levels]) -> Levels:
            return tuple(np.concatenate(tables) for tables in zip(*pieces, strict=True))

        headed = [p.heading for p in parts if p.heading is not None]
        return cls(
            np.concatenate([p.alpha for p in parts]),
            np.concatenate([p.heard for p in parts]),
            np.concatenate([p.fresh for p in parts]),
            levels([p.whole for p in parts]),
            {name: levels([p.layers[name] for p in parts]) for name in parts[0].layers},
            levels([p.usual for p in parts]),
            tuple(levels(tables) for tables in zip(*(p.counted for p in parts), strict=True)),
            levels(headed) if headed else None,
        )


def weights(
    model: "InterestModel",
    moments: Moments,
    rhythms: Sequence[tuple[float, float]],
    *,
    parts: "Parts | None" = None,
    layers: bool = True,
) -> Weights:
    """The weights of some moments, of which `parts` may be at hand; `layers=False` leaves out each
    layer alone."""
    tree = model.catalogue.tree
    families = tree.siblings
    if parts is not None:
        found = [_summed(model, moments, parts, layers)]
    else:
        found = [
            _summed(model, some, model.parts(some), layers)
            for _, some in [*model.chunks(moments)] or [(slice(0), moments)]
        ]
    alpha, whole, usual = (np.concatenate([f[k] for f in found]) for k in (0, 1, 3))
    alone = {name: np.concatenate([f[2][name] for f in found]) for name in found[0][2]}
    rolled_up = {name: rolled(table, families) for name, table in alone.items()}
    return Weights(
        alpha,
        moments.at if moments.heard is None else moments.heard,
        freshness(moments),
        rolled(whole, families),
        rolled_up if layers else {},
        rolled(usual, families),
        tuple(rolled(t, families) for t in counted(moments, tree, rhythms, moments.chosen)),
        rolled_up.get(HEADING),
    )


def _summed(
    model: "InterestModel",
    moments: Moments,
    parts: "Parts",
    layers: bool,
) -> tuple[Floats, Floats, dict[str, Floats], Floats]:
    """α, and sums over the items of each leaf: whole, by layer, usual."""
    tree, prior = model.catalogue.tree, np.zeros_like(parts.values[0])
    if "popularity" in parts.names:
        prior = parts.values[parts.names.index("popularity")]

    def summed(scores: Floats) -> Floats:
        p = model.plain(moments, scores)
        if len(p) == 1:
            return tree.gather(p[0])[None]
        return np.asarray(p @ tree.membership(tree.levels), np.float32)

    alone = {
        name: summed(prior + part)
        for name, part in zip(parts.names, parts.values, strict=True)
        if name == HEADING or (layers and name != "popularity")
    }
    return parts.alpha, summed(parts.score), alone, summed(prior)


def counted(
    moments: Moments, tree: Tree, rhythms: Sequence[tuple[float, float]], of: Bools
) -> Sequence[Floats]:
    """Events `of` a kind [N] by leaf, faded, of each rhythm [B × K]; a tie of time fades alike."""
    members, R, B = tree.membership(tree.levels), len(rhythms), len(moments)
    liked = np.asarray(of, np.float32)
    values = (fading(moments, rhythms) * liked).ravel()
    starts = np.arange(R)[:, None] * len(liked) + moments.offsets[None, :-1]
    offsets = np.append(starts.ravel(), len(values))
    if B == 1:
        leaves = tree.ellpack(tree.levels).take(moments.item)
        return [leaves.up(x)[None] for x in values.reshape(R, -1)]
    H = sparse.csr_array(
        (values, np.tile(moments.item, R), offsets), shape=(R * B, members.shape[0])
    )
    found = np.asarray((H @ members).toarray(), np.float32)
    return [found[r * B : (r + 1) * B] for r in range(R)]


def freshness(moments: Moments) -> Floats:
    """How fresh the last event of each moment is [B]: 2^(−hours / 6); 0 where there is none."""
    some = moments.length > 0
    last = np.zeros(len(moments), np.int64)
    last[some] = moments.time[moments.offsets[1:][some] - 1]
    hours = np.maximum(moments.at - last, 0) / HOUR
    return np.where(some, np.exp2(-np.minimum(hours / _SITTING, 100.0)), 0.0).astype(np.float32)


def rolled(leaves: Floats, families: Sequence[Siblings]) -> Levels:
    """Tables of all levels from that of the narrowest one: a parent's is its children's sum."""
    found = [leaves]
    for family in reversed(families[1:]):
        found.append(family.up(found[-1]))
    return tuple(reversed(found))


def met(items: Ints, tree: Tree) -> Levels:
    """Which interest of each level some items mostly are of, as ones and zeros [B × K]."""
    found = []
    for level in tree.numbers:
        table = np.zeros((len(items), len(tree.nodes[level - 1])), np.float32)
        main = tree.main(level)[items]
        known = np.flatnonzero(main >= 0)
        table[known, main[known]] = 1.0
        found.append(table)
    return tuple(found)


def shares(log: Histories, tree: Tree) -> Levels:
    """What share of a log's positive events each interest has [1 × K]; none is impossible."""
    counts = np.bincount(log.item[log.positive], minlength=tree.membership(1).shape[0]) + 1e-3
    mass = counts[None, :] @ tree.membership(tree.levels)
    return rolled(np.asarray(mass / counts.sum(), np.float32), tree.siblings)
