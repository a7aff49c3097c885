"""What one person is interested in: how likely the next event lands on each interest, and why.

    P(n | u, t, c) = Σ_{i ∈ n} P(i | u, t, c)

Children add up to parents, and every level sums to 1. A layer's own weight of an interest is what
the profile would be if that layer alone spoke, beside popularity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.clock import when
from penchant.data.moments import Moments
from penchant.errors import UnknownIdError
from penchant.interests.model import InterestModel, softmax
from penchant.interests.shares import Sharing, shares
from penchant.interests.visits import Visits
from penchant.interests.weights import Weights
from penchant.taxonomy.tree import Node, Tree
from penchant.types import Doubles, Floats, Longs

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group

DOUBT = 3.0
"""Events' worth of doubt: confidence is m / (m + DOUBT) after m events' worth of evidence."""
LASTING = 0.75
"""Stability from which an interest that is more than usual belongs to the core."""
QUARTERS = 4
"""Parts of a person's visits that stability is told from."""
SHOWN = 8
"""Interests of a level that are given evidence, and shown in print."""
Named = Mapping[int, tuple["Evidence", ...]]


@dataclass(frozen=True)
class Evidence:
    """A past event that speaks for an interest; `share` is of all that speaks for it."""

    source: int
    item: int
    time: datetime
    share: float


@dataclass(frozen=True)
class Interest:
    """One interest of one person.

    `weight` is P(n | u, t, c); `layers` the same with one layer alone; `usual` what it is for
    everybody at that time; `confidence` from 0 (nothing is known) to 1; `asked` what the person
    asked for by hand: more, less, never. Between `low` and `high` the person's share of the coming
    acts lies nine times in ten (see `precision`). `stability` is in what share of four equal parts
    of the person's visits the interest was touched. An interest of which there is no event may have
    evidence, as events on others speak for its items too, but only where it weighs more than usual.
    """

    node: Node
    path: tuple[str, ...]
    weight: float
    layers: Mapping[str, float]
    usual: float
    confidence: float
    low: float = 0.0
    high: float = 1.0
    stability: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    asked: str | None = None

    @property
    def kind(self) -> str:
        """`core`: more than usual, in at least three of four parts of the person's visits, and with
        evidence that outweighs doubt; `extended`: more than usual otherwise; else `usual`."""
        if self.lift <= 1.0 or not self.stability:
            return "usual"
        sure = self.stability >= LASTING and self.confidence >= 0.5
        return "core" if sure else "extended"

    @property
    def lift(self) -> float:
        """How many times the usual weight."""
        return self.weight / max(self.usual, 1e-12)


@dataclass(frozen=True)
class Profile:
    """One user's interests at a time and in a context, per level and layer.

    `alpha` says how much each layer counts for this person now; `events` how many events it rests
    on; `labels` names the items of the evidence. `words` are all that is known of somebody who is
    not a user. `around` is how many people they are known to be connected with.
    """

    user_id: str
    at: datetime
    context: Mapping[str, str]
    alpha: Mapping[str, float]
    events: int
    tree: Tree
    levels: tuple[tuple[Interest, ...], ...]
    labels: Mapping[int, str]
    words: str | None = None
    around: int = 0

    def top(self, level: int = 1, n: int = SHOWN) -> tuple[Interest, ...]:
        """The n weightiest interests of a level, weightiest first."""
        if not 1 <= level <= len(self.levels):
            raise UnknownIdError(f"level {level}: the tree has levels 1 to {len(self.levels)}")
        return tuple(sorted(self.levels[level - 1], key=lambda x: -x.weight)[:n])

    def core(self, level: int = 1) -> tuple[Interest, ...]:
        """The core interests of a level, weightiest first."""
        return tuple(x for x in self.top(level, len(self.levels[level - 1])) if x.kind == "core")

    def interest(self, id_or_name: str) -> Interest:
        """One interest by id, name or path."""
        level, row = self.tree.row(self.tree.find(id_or_name).id)
        return self.levels[level - 1][row]

    def weights(self, level: int = 1) -> Doubles:
        """P over the nodes of a level, in the tree's order [K]; sums to 1."""
        return np.array([x.weight for x in self.levels[level - 1]])

    def as_given(self, level: int | None = None, n: int = SHOWN) -> dict[str, float]:
        """The n interests of a level (None: the narrowest) that stand out most against what is
        usual, as `recommend(…, interests=…)` takes them: id → how much likelier than usual."""
        rows = self.levels[-1] if level is None else self.top(level, len(self.levels[level - 1]))
        best = sorted(rows, key=lambda x: x.usual - x.weight)[:n]
        return {x.node.id: x.weight - x.usual for x in best if x.weight > x.usual}

    def to_frame(self) -> "pl.DataFrame":
        """One row an interest: level, id, name, path, weight, low, high, one column a layer, usual,
        lift, confidence, stability, kind, asked, evidence (number of events named)."""
        import polars as pl

        rows = [
            {
                "user_id": self.user_id,
                "level": x.node.level,
                "id": x.node.id,
                "name": x.node.name,
                "path": " > ".join(x.path),
                "weight": x.weight,
                "low": x.low,
                "high": x.high,
                **dict(x.layers),
                "usual": x.usual,
                "lift": x.lift,
                "confidence": x.confidence,
                "stability": x.stability,
                "kind": x.kind,
                "asked": x.asked,
                "evidence": len(x.evidence),
            }
            for level in self.levels
            for x in level
        ]
        return pl.DataFrame(rows, schema_overrides={"asked": pl.String}).sort(
            ["level", "weight"], descending=[False, True]
        )

    def to_json(self) -> dict[str, Any]:
        """The profile as plain values, weightiest interests first."""
        return {
            "user_id": self.user_id or None,
            "words": self.words,
            "at": self.at.isoformat(),
            "context": dict(self.context),
            "events": self.events,
            "around": self.around,
            "alpha": dict(self.alpha),
            "levels": [
                [self._plain(x) for x in sorted(level, key=lambda x: -x.weight)]
                for level in self.levels
            ],
        }

    def _plain(self, x: Interest) -> dict[str, Any]:
        return {
            "id": x.node.id,
            "name": x.node.name,
            "path": list(x.path),
            "weight": x.weight,
            "low": x.low,
            "high": x.high,
            "layers": dict(x.layers),
            "usual": x.usual,
            "lift": x.lift,
            "confidence": x.confidence,
            "stability": x.stability,
            "kind": x.kind,
            "asked": x.asked,
            "evidence": [
                {"item": self.labels[e.item], "time": e.time.isoformat(), "share": e.share}
                for e in x.evidence
            ],
        }

    def __rich__(self) -> "Group":
        from penchant.interests.show import profile

        return profile(self)

    def __str__(self) -> str:
        from penchant.interests.show import text

        return text(self)


def profile(
    model: InterestModel,
    moments: Moments,
    *,
    user_id: str,
    labels: Mapping[int, str],
) -> Profile:
    """The profile of one moment; `labels` names the items of its events."""
    parts, tree = model.parts(moments), model.catalogue.tree
    known, p = model.weights(moments, parts=parts), model.plain(moments, parts.score)[0]
    named = _evidence(model, moments, p, known)
    made = [_level(model, moments, level, known, named[level - 1]) for level in tree.numbers]
    context = {name: str(v[0]) for name, v in moments.context.items() if v[0] is not None}
    return Profile(
        user_id=user_id,
        at=when(int(moments.at[0])),
        context=context,
        alpha=dict(zip(model.layers, (float(a) for a in known.alpha[0]), strict=True)),
        events=int(moments.length[0]),
        tree=tree,
        levels=tuple(made),
        labels={
            x: labels[x] for x in {e.item for level in made for n in level for e in n.evidence}
        },
        around=0 if moments.around is None else int(moments.around.people[0]),
    )


def written(model: InterestModel, said: Floats, at: int, *, words: str) -> Profile:
    """The profile of somebody of whom a text is all that is known: its vector [D], a time (µs)."""
    tree = model.catalogue.tree
    p, usual = model.read(said[None], np.array([at])), softmax(model.usual(np.array([at])))
    levels = []
    for level in range(1, tree.levels + 1):
        members = tree.membership(level)
        weight, normal = (np.asarray((members.T @ x.T).T)[0] for x in (p, usual))
        levels.append(
            tuple(
                Interest(node, tree.path(node), float(weight[k]), {}, float(normal[k]), 0.0)
                for k, node in enumerate(tree.nodes[level - 1])
            )
        )
    return Profile("", when(at), {}, {}, 0, tree, tuple(levels), {}, words)


def _level(
    model: InterestModel, moments: Moments, level: int, known: Weights, named: Named
) -> tuple[Interest, ...]:
    tree = model.catalogue.tree
    weight, usual = known.whole[level - 1][0], known.usual[level - 1][0]
    liked = np.maximum(moments.weight, 0.0)
    mass = tree.ellpack(level).take(moments.item).up(liked)
    sure = mass / (mass + DOUBT)
    low, high = model.precision.interval(level, weight[None], known.events)
    lasts = _stability(Visits.among(moments, tree, level), len(weight))
    asked, nodes, paths = _asked(moments, level), tree.nodes[level - 1], tree.paths[level - 1]
    alone = [table[level - 1][0].tolist() for table in known.layers.values()]
    layers = [dict(zip(known.layers, own, strict=True)) for own in zip(*alone, strict=True)]
    columns = (x.tolist() for x in (weight, usual, sure, low[0], high[0], lasts))
    return tuple(
        Interest(
            node=node,
            path=path,
            weight=w,
            layers=layers[k] if layers else {},
            usual=u,
            confidence=c,
            low=a,
            high=b,
            stability=s,
            evidence=named.get(k, ()) if c > 0.0 or w > u else (),
            asked=asked.get(k),
        )
        for k, (node, path, w, u, c, a, b, s) in enumerate(zip(nodes, paths, *columns, strict=True))
    )


def _asked(moments: Moments, level: int) -> dict[int, str]:
    """What the person asked for, by row of the interest."""
    said = moments.said
    if said is None:
        return {}
    return {int(said.row[s]): said.direction(s) for s in said.of(0) if said.level[s] == level}


def _stability(visits: Visits, K: int) -> Doubles:
    """In what share of equal parts of somebody's visits each interest was touched [K]; of fewer
    visits than parts, each is one, and the parts that are missing count as not touched."""
    part = np.arange(len(visits)) * QUARTERS // max(len(visits), QUARTERS)
    found = np.zeros((QUARTERS, K), bool)
    touched = visits.touched.tocoo()
    found[part[touched.coords[0]], touched.coords[1]] = True
    return np.asarray(found.mean(axis=0))


def _evidence(
    model: InterestModel, moments: Moments, p: Floats, known: Weights, most: int = 3
) -> list[Named]:
    """Of every level, the events that speak for its weightiest interests: their shares in the
    likeliest items of each."""
    levels, tree = [], model.catalogue.tree
    for level in tree.numbers:
        nodes = np.argsort(-known.whole[level - 1][0], kind="stable")[:SHOWN]
        levels.append({int(k): _likeliest(tree, level, int(k), p) for k in nodes})
    wanted = [some for level in levels for some in level.values()]
    items = np.unique(np.concatenate([rows for rows, _ in wanted])).astype(np.int64)
    if not len(moments.item) or not len(items):
        return [{} for _ in levels]
    values = np.zeros((len(items), len(wanted)), np.float32)
    for n, (rows, chance) in enumerate(wanted):
        values[np.searchsorted(items, rows), n] = chance
    base = model.layers.get("base")
    if isinstance(base, Sharing):
        push = base.weighed(moments, items, values)
    else:
        push = shares(model, moments, items).total @ values
    columns = iter(np.ascontiguousarray(np.maximum(push, 0.0, out=push).T))
    return [{k: _named(moments, next(columns), most) for k in level} for level in levels]


def _likeliest(
    tree: Tree, level: int, node: int, p: Floats, most: int = 10
) -> tuple[Longs, Floats]:
    """The items of an interest that are likeliest next, and how much so."""
    rows, weight = tree.column(level, node)
    chance = weight * p[rows]
    some = np.flatnonzero(chance > 0)
    if len(some) > most:
        least = np.partition(chance[some], len(some) - most)[len(some) - most]
        some = some[chance[some] >= least]
    best = some[np.argsort(-chance[some], kind="stable")[:most]]
    return rows[best].astype(np.int64), chance[best].astype(np.float32)


def _named(moments: Moments, push: Floats, most: int) -> tuple[Evidence, ...]:
    total = float(push.sum())
    if total <= 0:
        return ()
    some = np.flatnonzero(push > 0.02 * total)
    best = some[np.argsort(-push[some], kind="stable")[:most]]
    return tuple(
        Evidence(
            source=int(moments.source[e]),
            item=int(moments.item[e]),
            time=when(int(moments.time[e])),
            share=float(push[e] / total),
        )
        for e in best
    )
