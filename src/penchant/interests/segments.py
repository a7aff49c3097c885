"""People grouped by what they are interested in: k-means over profiles.

Distance is Hellinger's (between square roots of probabilities), so that a small interest counts
more than its share of the squared error would make it. How many groups there are is asked for, or
chosen by the silhouette (Rousseeuw, Journal of Computational and Applied Mathematics 20, 1987).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.errors import DataError
from penchant.interests.profiles import Profiles
from penchant.taxonomy.tree import Node, Tree
from penchant.types import Doubles, Floats, Longs

if TYPE_CHECKING:
    import polars as pl

TRIED = (3, 4, 5, 6, 8, 10, 12, 16)
"""Numbers of groups that are tried where none is asked for."""
_SAMPLE = 4000  # people that a silhouette is measured on


@dataclass(frozen=True)
class Segment:
    """One group: how many people, and the interests by which it differs most from everybody, as
    (interest, weight here, times everybody's)."""

    number: int
    name: str
    size: int
    share: float
    distinctive: tuple[tuple[Node, float, float], ...]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        told = [
            {"id": node.id, "name": node.name, "weight": weight, "times": times}
            for node, weight, times in self.distinctive
        ]
        return {
            "number": self.number,
            "name": self.name,
            "size": self.size,
            "share": self.share,
            "distinctive": told,
        }

    def __str__(self) -> str:
        return f"{self.number}: {self.name} · {self.size:,} people ({self.share:.0%})"


@dataclass(frozen=True)
class Segments:
    """Groups of people, largest first, by one level: `of` [B] says which group each of the profiles
    is in; `centres` [S × K] are the groups' middles, as square roots of weights."""

    level: int
    tree: Tree
    user_ids: Sequence[str]
    of: Longs
    centres: Doubles
    segments: tuple[Segment, ...]

    def __len__(self) -> int:
        return len(self.segments)

    def assign(self, profiles: Profiles) -> Longs:
        """The groups of other profiles, or of the same people at another time [B]."""
        return nearest(_roots(profiles.weights(self.level)), self.centres)

    def movement(self, before: Profiles, after: Profiles) -> "pl.DataFrame":
        """How many people went from which group to which: from, to, people, share of those from.

        Raises:
            DataError: the two are not profiles of the same people.
        """
        import polars as pl

        if list(before.user_ids) != list(after.user_ids):
            raise DataError("movement: two sets of people came; expected the same ones, twice")
        table = pl.DataFrame({"from": self.assign(before), "to": self.assign(after)})
        found = table.group_by("from", "to").agg(people=pl.len()).sort("from", "to")
        return found.with_columns(share=pl.col("people") / pl.col("people").sum().over("from"))

    def to_json(self) -> dict[str, Any]:
        """The groups as plain values, without who is in them."""
        told = [segment.to_json() for segment in self.segments]
        return {"level": self.level, "people": len(self.user_ids), "segments": told}

    def to_frame(self) -> "pl.DataFrame":
        """One row a user: user_id, segment, name."""
        import polars as pl

        names = pl.Series([s.name for s in self.segments])
        return pl.DataFrame(
            {
                "user_id": pl.Series(list(self.user_ids), dtype=pl.String),
                "segment": self.of,
                "name": names.gather(self.of),
            }
        )

    def __str__(self) -> str:
        return "\n".join(str(s) for s in self.segments)


def segments(
    profiles: Profiles, k: int | None = None, *, level: int | None = None, seed: int = 0
) -> Segments:
    """Group some profiles, by one level of the tree (None: the second, where there is one); fewer
    groups than k where fewer profiles differ.

    Raises:
        DataError: there are fewer people than groups.
    """
    level = min(2, profiles.tree.levels) if level is None else level
    P = profiles.weights(level)
    tried = [k] if k is not None else [n for n in TRIED if n <= len(P) // 5]
    if not tried or min(tried) < 1 or max(tried) > len(P):
        raise DataError(
            f"segments: {k if k is not None else 'any number of'} groups of {len(P):,} people were "
            "asked for; expected no more groups than people, and five people each to choose"
        )
    X = _roots(P)
    _, of, centres = max((_grouped(X, n, seed) for n in tried), key=lambda found: found[0])
    order = np.argsort(-np.bincount(of), kind="stable")
    of, centres = np.argsort(order)[of], centres[order]
    made = tuple(_segment(s, P[of == s], P, profiles.tree, level) for s in range(len(order)))
    return Segments(level, profiles.tree, profiles.user_ids, of, centres, made)


def nearest(X: Floats | Doubles, centres: Doubles) -> Longs:
    """Row of the nearest centre [B]; the first where two are as near."""
    far = (centres**2).sum(axis=1) - 2.0 * (X @ centres.T)
    return np.asarray(far.argmin(axis=1), np.int64)


def _roots(P: Floats) -> Floats:
    return np.sqrt(np.maximum(P, 0.0), dtype=np.float32)


def _grouped(X: Floats, k: int, seed: int) -> tuple[float, Longs, Doubles]:
    """How well so many groups are apart, the groups and their middles; empty ones are left out."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import silhouette_score

    with warnings.catch_warnings():  # fewer different profiles than groups: some groups are empty
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = KMeans(k, n_init=4, random_state=seed % 2**32).fit(X)
    kept, of = np.unique(found.labels_, return_inverse=True)
    centres = np.asarray(found.cluster_centers_[kept], np.float64)
    if len(kept) == 1:
        return -1.0, of.astype(np.int64), centres
    apart = silhouette_score(X, of, sample_size=min(_SAMPLE, len(X)), random_state=seed % 2**32)
    return float(apart), of.astype(np.int64), centres


def _segment(number: int, those: Floats, everybody: Floats, tree: Tree, level: int) -> Segment:
    here, all_ = (P.mean(axis=0, dtype=np.float64) for P in (those, everybody))
    times = here / np.maximum(all_, 1e-12)
    gain = here * np.log(np.maximum(times, 1e-12))
    best = [k for k in np.argsort(-gain, kind="stable")[:5] if times[k] > 1.0]
    nodes = tree.nodes[level - 1]
    told = tuple((nodes[k], float(here[k]), float(times[k])) for k in best)
    name = ", ".join(node.name for node, _, _ in told[:2]) or "like everybody"
    return Segment(number, name, len(those), len(those) / len(everybody), told)
