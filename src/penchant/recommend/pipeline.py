"""From a moment to a list: score, keep what may be shown, rank, give reasons.

Every item of the catalogue is scored, unless it is very large and one moment is asked about. Ties
go to the lower row, so that the same question has the same answer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

from penchant.clock import when
from penchant.config import Config
from penchant.data import columns as c
from penchant.data.moments import Moments
from penchant.errors import DataError
from penchant.interests.feedback import FEEDBACK
from penchant.interests.model import InterestModel, Parts
from penchant.interests.told import Told, told
from penchant.recommend.cold_start import given
from penchant.recommend.diversify import Spread
from penchant.recommend.explain import Explainer
from penchant.recommend.filters import ANYTHING, Filters, Shelf
from penchant.recommend.rank import Ranked, added, ranked
from penchant.recommend.result import Reason, Recommendation, Recommendations
from penchant.recommend.retrieve import retrieved
from penchant.types import Bools, Floats, Ints, Longs, Progress, Report

GIVEN = "given"


class RecommendConfig(Config):
    """Lists: how long, how explained."""

    n: int = Field(10, ge=1)
    """Items in a list when nothing else is asked."""
    events: int = Field(3, ge=1)
    """Past events named in a reason, at most."""
    spread: float = Field(0.5, ge=0.0, lt=1.0)
    """Where a list is diversified: how much its likeness to the profile counts beside the scores of
    its items; 0: not at all."""
    among: int = Field(20, ge=1)
    """Where a list is diversified: it is chosen among so many times as many items, the best."""
    search: Literal["auto", "exact", "approximate"] = "auto"
    """How the list of one moment is found. exact: every item is scored; approximate: candidates
    are (see `retrieve`), and a list may lack an item; auto: by `most`. Without the extra `ann`, and
    for whoever named interests or asked for more or less of something, it is exact."""
    most: int = Field(300_000, ge=1)
    """Largest catalogue that `auto` scores whole for each answer."""


@dataclass(frozen=True)
class Asked:
    """What is asked of a list: n items (None: as settings say) that filters let through. Interests
    given by hand are a part of their own; with a level to `diversify` by, the list spreads over its
    interests as the profile does."""

    n: int | None = None
    filters: Filters | None = None
    interests: Mapping[str, float] | None = None
    diversify: int | None = None


@dataclass(frozen=True)
class Pipeline:
    """Recommends from a model; `shelf` says what may be shown, `explainer` why."""

    model: InterestModel
    shelf: Shelf
    explainer: Explainer
    config: RecommendConfig = field(default_factory=RecommendConfig)

    def each(self, users: Sequence[str], moments: Moments, asked: Asked) -> list[Recommendations]:
        """The list for each of some moments, which are those of these users."""
        if asked.n is not None and asked.n < 1:
            raise DataError(f"n: {asked.n} came, expected 1 or more")
        found: list[Recommendations] = []
        for rows, some in self.model.chunks(moments):
            for b, said in enumerate(self._told(some, asked.interests)):
                moment = some if len(some) == 1 else some.take(slice(b, b + 1))
                found.append(self._list(users[rows.start + b], moment, said, asked))
        return found

    def _list(self, user_id: str, moment: Moments, said: Told, asked: Asked) -> Recommendations:
        """The list for one moment, by what the layers say of it."""
        n, report = self.config.n if asked.n is None else asked.n, Report()
        may = self.candidates(moment, asked.filters, report)[0]
        if moment.said is not None:
            gone = int(moment.said.gone.sum())
            report.add("recommend", "statements on interests or items that are gone", gone)
        many = n if asked.diversify is None else self.config.among * n
        found = self._ranked(said, may, many, report)
        if asked.diversify is not None:
            found = self._spread(moment, found, n, asked.diversify)
        empty = n - len(found.rows)
        report.add("recommend", "places left empty: nothing else may be shown", empty)
        items = self._listed(said.names, found)

        def reasons() -> list[Reason]:
            parts, each = self._parts(moment, asked.interests), [dict(r.parts) for r in items]
            return self.explainer.reasons(moment, parts, found.rows, each)

        return Recommendations(user_id, when(int(moment.at[0])), items, report, reasons)

    def _ranked(self, said: Told, may: Bools, n: int, report: Report) -> Ranked:
        """The best, by the way that the settings and the size of the catalogue say."""
        c = self.config
        near = c.search == "approximate" or (c.search == "auto" and len(may) > c.most)
        if not near or {GIVEN, FEEDBACK} & set(said.names):
            return ranked(said, may, n)
        found, left = retrieved(said, may, n)
        report.add("recommend", "items not scored: the search was approximate", left)
        return found

    def _listed(self, names: Sequence[str], found: Ranked) -> tuple[Recommendation, ...]:
        called = self.explainer.named(found.rows)
        each = zip(*called, found.parts.T.tolist(), found.chance.tolist(), strict=True)
        return tuple(
            Recommendation(
                item_id=id_,
                title=title,
                score=sum(own),
                parts=dict(zip(names, own, strict=True)),
                probability=p,
                rank=rank,
            )
            for rank, (id_, title, own, p) in enumerate(each, start=1)
        )

    def _spread(self, moments: Moments, found: Ranked, n: int, level: int) -> Ranked:
        """Those n of some ranked items that are good together."""
        members = self.model.catalogue.tree.membership(level)
        whole = self.model.weights(moments, layers=False).whole
        spread = Spread(members[found.rows].toarray(), whole[level - 1][0], self.config.spread)
        some = spread.chosen(added(found.parts), n)
        return Ranked(found.rows[some], found.parts[:, some], found.chance[some])

    def explain(self, moments: Moments, item: int) -> Reason:
        """Why one item would, or would not, be recommended."""
        parts = self._parts(moments, None)
        return self.explainer.reasons(moments, parts, np.array([item], np.int64))[0]

    def many(
        self, moments: Moments, n: int, filters: Filters | None = None
    ) -> Iterator[tuple[slice, Ints, Floats]]:
        """Lists of many moments, piece by piece: rows [b × n] (−1 where empty) and scores."""
        for part, some in self.model.chunks(moments):
            score = self.model.score(some)
            chosen = best(score, self.candidates(some, filters, Report()), n)
            found = np.take_along_axis(score, np.maximum(chosen, 0).astype(np.int64), axis=1)
            yield part, chosen, found

    def table(
        self,
        users: Sequence[str],
        moments: Callable[[Sequence[str]], Moments],
        n: int | None,
        filters: Filters | None,
        progress: Progress,
    ) -> pl.DataFrame:
        """Lists of many users as one table (see `as_rows`); `moments` is what is known of some."""
        n, ids = self.config.n if n is None else n, self.shelf.items.ids
        parts = [as_rows([], np.zeros((0, n), np.int32), np.zeros((0, n), np.float32), ids)]
        with progress.step("recommend", len(users)) as step:
            for a in range(0, len(users), 4096):
                some = users[a : a + 4096]
                for rows, chosen, score in self.many(moments(some), n, filters):
                    parts.append(as_rows(some[rows], chosen, score, ids))
                step.advance(len(some))
        return pl.concat(parts)

    def candidates(self, moments: Moments, filters: Filters | None, report: Report) -> Bools:
        """Which items may be shown [B × I]."""
        wanted = ANYTHING if filters is None else Filters.given(filters, "filters")
        return self.shelf.candidates(wanted, moments, repeats=self.model.repeats_, report=report)

    def _parts(self, moments: Moments, interests: Mapping[str, float] | None) -> Parts:
        parts = self.model.parts(moments)
        if not interests:
            return parts
        by_hand = given(self.model.catalogue.tree, interests)
        return parts.beside(GIVEN, by_hand)

    def _told(self, moments: Moments, interests: Mapping[str, float] | None) -> list[Told]:
        said = told(self.model, moments)
        if not interests:
            return said
        by_hand = given(self.model.catalogue.tree, interests)
        return [one.beside(GIVEN, by_hand) for one in said]


def as_rows(users: Sequence[str], chosen: Ints, score: Floats, ids: pl.Series) -> pl.DataFrame:
    """Lists [B × n] as one row an item; empty places are left out."""
    B, n = chosen.shape
    there = chosen.ravel() >= 0
    return pl.DataFrame(
        {
            c.USER: pl.Series(np.repeat(np.asarray(users, object), n)[there], dtype=pl.String),
            "rank": np.tile(np.arange(1, n + 1), B)[there].astype(np.int32),
            c.ITEM: ids.gather(chosen.ravel()[there].astype(np.int64)).alias(c.ITEM),
            "score": score.ravel()[there].astype(np.float32),
        }
    )


def best(scores: Floats, may: Bools, n: int) -> Ints:
    """Rows of the n best candidates of each moment [B × n], best first; −1 where none is left."""
    masked = np.where(may, scores, -np.inf)
    n_here = min(n, masked.shape[1])
    if n_here < masked.shape[1]:
        edge = -np.partition(-masked, n_here - 1, axis=1)[:, n_here - 1]
        found = np.stack([_ranked(row, e, n_here) for row, e in zip(masked, edge, strict=True)])
    else:
        found = np.argsort(-masked, axis=1, kind="stable")
    value = np.take_along_axis(masked, found.astype(np.int64), axis=1)
    return np.where(np.isfinite(value), found, -1).astype(np.int32)


def _ranked(row: Floats, edge: float, n: int) -> Longs:
    """The n best of one row; of those at the edge the lowest rows."""
    rows = np.flatnonzero(row >= edge)
    return rows[np.argsort(-row[rows], kind="stable")][:n]
