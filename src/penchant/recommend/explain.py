"""Reasons: parts that add up, the events that carried them, the interests, one plain sentence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from penchant.clock import when
from penchant.data import columns as c
from penchant.data.moments import Moments
from penchant.data.statements import NEVER
from penchant.interests.feedback import BARRED, FEEDBACK, Wishes
from penchant.interests.model import InterestModel, Parts
from penchant.interests.shares import Shares, named, shares
from penchant.interests.weights import Levels
from penchant.recommend.result import Carrier, Reason, Wish
from penchant.types import Floats, Longs

_DID = {
    "view": "viewed {}",
    "click": "clicked {}",
    "like": "liked {}",
    "cart": "put {} in the cart",
    "purchase": "bought {}",
    "rating": "rated {}",
    "review": "reviewed {}",
    "listen": "listened to {}",
    "share": "shared {}",
    "comment": "commented on {}",
    "answer": "answered {}",
    "ask": "asked {}",
    "favourite": "marked {}",
    "tag": "tagged {}",
}
_LATELY = timedelta(days=30)
_MOSTLY = 4.0  # times as much as all that speaks for it beside: then popularity is the reason
_NOTHING = 1e-6  # a statement that adds less does not bear on an item


@dataclass(frozen=True)
class Explainer:
    """Gives reasons; `items` is the catalogue's table in its order, `kind` the type of an event by
    its `source`."""

    model: InterestModel
    items: pl.DataFrame
    kind: Callable[[int], str]
    most: int = 3

    def title(self, item: int) -> str:
        """What people call an item: its title, else its id."""
        return self.named(np.array([item]))[1][0]

    def named(self, items: Longs) -> tuple[list[str], list[str]]:
        """Ids of some items, and what people call them."""
        ids, titles = self._columns
        found = [str(ids[row]) for row in items.tolist()]
        if titles is None:
            return found, found
        named = zip(items.tolist(), found, strict=True)
        return found, [str(titles[row] or id_) for row, id_ in named]

    @cached_property
    def _columns(self) -> tuple[pl.Series, pl.Series | None]:
        """Ids and titles."""
        return self.items[c.ITEM], self.items[c.TITLE] if c.TITLE in self.items.columns else None

    @property
    def titles(self) -> "Titles":
        """What people call the items, by row."""
        return Titles(self)

    def reasons(
        self,
        moments: Moments,
        parts: Parts,
        items: Longs,
        each: Sequence[Mapping[str, float]] | None = None,
    ) -> list[Reason]:
        """Why each of some items has its score in one moment; `each` are their parts as a list has
        them, where there is one."""
        if not len(items):
            return []
        if each is None:
            each = [parts.of(int(i)) for i in items]
        carried = shares(self.model, moments, items)
        best = named(self.model, moments, items, carried, self.most)
        whole = self.model.weights(moments, parts=parts, layers=False).whole
        asked = self._terms(moments, items)
        return [
            self._reason(moments, each[n], carried, best[n], whole, asked, n, int(i))
            for n, i in enumerate(items)
        ]

    def _reason(
        self, moments: Moments, by_name: Mapping[str, float], carried: Shares, best: Longs,
        whole: Levels, asked: Floats, n: int, item: int,
    ) -> Reason:  # fmt: skip
        events = self._events(moments, carried, best, n)
        interests = self._interests(whole, item)
        wishes = self._wishes(moments, asked[:, n])
        return Reason(
            item_id=str(self.items[c.ITEM][item]),
            title=self.title(item),
            score=sum(by_name.values()),
            parts=by_name,
            events=events,
            interests=interests,
            sentence=sentence(
                str(self.items[c.ITEM][item]),
                by_name,
                events,
                interests,
                wishes,
                at=when(int(moments.at[0])),
            ),
            exact=tuple(sorted(carried.exact)),
            wishes=wishes,
        )

    def _terms(self, moments: Moments, items: Longs) -> Floats:
        """What each statement of one moment adds to some items' scores [S × items]."""
        said, wishes = moments.said, Wishes(self.model.catalogue.tree)
        if said is None or not len(said):
            return np.zeros((0, len(items)), np.float32)
        return np.stack([wishes.term(said, s)[items] for s in said.of(0)])

    def _wishes(self, moments: Moments, terms: Floats) -> tuple[Wish, ...]:
        """What the person asked for that bears on an item, what weighs most first."""
        said, tree = moments.said, self.model.catalogue.tree
        if said is None:
            return ()
        found = []
        for s in np.argsort(-np.abs(terms), kind="stable"):
            if abs(terms[s]) < _NOTHING:
                break
            level, row = int(said.level[s]), int(said.row[s])
            path = " > ".join(tree.path(tree.nodes[level - 1][row])) if level else ""
            found.append(
                Wish(
                    direction=said.direction(int(s)),
                    of=path or self.title(row),
                    item_id=None if level else str(self.items[c.ITEM][row]),
                    time=when(int(said.time[s])),
                    part=float(terms[s]),
                )
            )
        return tuple(found)

    def _events(
        self, moments: Moments, carried: Shares, best: Longs, n: int
    ) -> tuple[Carrier, ...]:
        if not carried.by_layer or not len(moments.item):
            return ()
        names = list(carried.by_layer)
        each = np.stack([carried.by_layer[name][:, n] for name in names])
        total = each.sum(axis=0)
        share = np.maximum(total, 0.0) / max(float(np.maximum(total, 0.0).sum()), 1e-12)
        return tuple(
            Carrier(
                item_id=str(self.items[c.ITEM][int(moments.item[e])]),
                title=self.title(int(moments.item[e])),
                event=self.kind(int(moments.source[e])),
                time=when(int(moments.time[e])),
                part=float(total[e]),
                share=float(share[e]),
                layer=names[int(each[:, e].argmax())],
            )
            for e in best
        )

    def _interests(self, whole: Levels, item: int) -> tuple[tuple[str, float], ...]:
        """The item's interests, broad to narrow, with their weights in the profile."""
        tree, found = self.model.catalogue.tree, []
        for level in range(1, tree.levels + 1):
            row = int(tree.main(level)[item])
            if row < 0:
                continue
            node = tree.nodes[level - 1][row]
            found.append((" > ".join(tree.path(node)), float(whole[level - 1][0, row])))
        return tuple(found)


class Titles(dict[int, str]):
    """Titles by row, each looked up when it is first asked for."""

    def __init__(self, explainer: Explainer) -> None:
        super().__init__()
        self.explainer = explainer

    def __missing__(self, item: int) -> str:
        self[item] = self.explainer.title(item)
        return self[item]


def sentence(
    item_id: str,
    parts: Mapping[str, float],
    events: tuple[Carrier, ...],
    interests: tuple[tuple[str, float], ...],
    wishes: tuple[Wish, ...] = (),
    *,
    at: datetime | None = None,
) -> str:
    """One plain sentence that says what the figures say, at a time.

    >>> sentence("i1", {"popularity": 1.0}, (), (("Wine > Red", 0.2),))
    'Popular now, in Wine > Red.'
    >>> sentence("i1", {"popularity": 1.0, "social": 0.2}, (), ())
    'People you are connected with turned to this.'
    """
    plain = _without_wishes(item_id, parts, events, interests, at)
    if not wishes:
        return plain
    first = wishes[0]
    asked = _asked(first, item_id)
    if first.part <= BARRED:
        return f"{asked}."
    if 0 < first.part >= max(v for name, v in parts.items() if name != FEEDBACK):
        return f"{asked}."
    return f"{plain.removesuffix('.')}; {asked[0].lower()}{asked[1:]}."


def _asked(wish: Wish, item_id: str) -> str:
    """A wish in words."""
    if wish.direction == NEVER:
        return "You asked never to see " + ("this again" if wish.item_id else wish.of)
    of = "this" if wish.item_id == item_id else wish.of
    like = "things like " if wish.item_id not in (None, item_id) else ""
    return f"You asked for {wish.direction} of {like}{of}"


def _without_wishes(
    item_id: str,
    parts: Mapping[str, float],
    events: tuple[Carrier, ...],
    interests: tuple[tuple[str, float], ...],
    at: datetime | None,
) -> str:
    where = interests[-1][0] if interests else ""
    if parts.get("given", 0.0) > 0 and parts["given"] >= max(parts.values()):
        return f"You said you like this: {where}."
    social = parts.get("social", 0.0)
    if social > 0 and (not events or social >= max(parts.values())):
        return f"People you are connected with turned to this{', in ' + where if where else ''}."
    if not events:
        popular = parts.get("popularity", 0.0) > 0
        return f"{'Popular now' if popular else 'New to you'}{', in ' + where if where else ''}."
    first = events[0]
    tail = f", and you like {where}" if interests and interests[-1][1] >= 0.02 else ""
    if first.item_id == item_id:
        return f"You {_did(first.event, 'this')} before{tail}."
    more = len({e.item_id for e in events[1:]} - {first.item_id, item_id})
    others = f" and {more} more like it" if more else ""
    worth = parts.get("popularity", 0.0)
    others_worth = sum(max(part, 0.0) for name, part in parts.items() if name != "popularity")
    if worth > 0 and worth >= _MOSTLY * others_worth:
        did = _did(first.event, first.title)
        return f"Popular now{', in ' + where if where else ''}; you also {did}{others}."
    recent = at is None or at - first.time <= _LATELY
    lately = " lately" if first.layer == "dynamic" and recent else ""
    return f"Because you {_did(first.event, first.title)}{others}{lately}{tail}."


def _did(event: str, what: str) -> str:
    """An event in words."""
    return _DID[event].format(what) if event in _DID else f"had ({event}) {what}"
