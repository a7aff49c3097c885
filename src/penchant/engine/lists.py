"""What an engine recommends: lists for one, for a few and for many, why, and what is like what."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from penchant.data.ids import Id, id_of, ids_of
from penchant.engine.asking import Asking
from penchant.engine.config import EngineConfig
from penchant.engine.prepared import Prepared
from penchant.recommend.filters import Filters
from penchant.recommend.pipeline import Asked
from penchant.recommend.result import Reason, Recommendations
from penchant.recommend.similar import Similar, similar
from penchant.types import Progress


class Lists(ABC):
    """The part of an engine that is asked what to show."""

    config: EngineConfig
    progress: Progress

    @property
    @abstractmethod
    def data(self) -> Prepared:
        """What is stored, clean."""

    @abstractmethod
    def _asking(self, users: Sequence[str] | None = None) -> Asking:
        """Questions about some people, or about everybody (None)."""

    def recommend(
        self,
        user_id: Id,
        n: int | None = None,
        *,
        at: datetime | str | None = None,
        context: Mapping[str, str] | None = None,
        filters: Filters | None = None,
        interests: Mapping[str, float] | None = None,
        diversify: int | None = None,
    ) -> Recommendations:
        """What to show: the n best items for one user; `interests` are given by hand. With
        `diversify` the list spreads over the interests of that level as the profile does.

        Raises:
            UnknownIdError, SchemaError: a filter, interest or context names what does not exist, or
                there is no such level.
            DataError: the clock of a context knows no such value.
        """
        return self.recommend_each(
            [id_of(user_id)], n, at=at, context=context, filters=filters, interests=interests,
            diversify=diversify,
        )[0]  # fmt: skip

    def recommend_each(
        self,
        user_ids: Sequence[Id],
        n: int | None = None,
        *,
        at: datetime | str | None = None,
        context: Mapping[str, str] | None = None,
        filters: Filters | None = None,
        interests: Mapping[str, float] | None = None,
        diversify: int | None = None,
    ) -> list[Recommendations]:
        """The list for each of a few users, as `recommend` gives it to one, all asked for the same.

        For a few dozen it takes a part of the time that one after the other takes; for very many
        and without reasons there is `recommend_many`.

        Raises:
            UnknownIdError, SchemaError: see `recommend`.
        """
        users = ids_of(user_ids)
        asking = self._asking(users)
        moments = asking.moments(users, at, context)
        asked = Asked(n, filters, interests, diversify)
        lists = asking.pipeline(self.config.recommend).each(users, moments, asked)
        for one in lists:
            one.report.extend(asking.unheard(context))
        return lists

    def recommend_many(
        self,
        user_ids: Sequence[Id] | None = None,
        n: int | None = None,
        *,
        filters: Filters | None = None,
    ) -> pl.DataFrame:
        """Lists for many users (None: all) as one table: user_id, rank, item_id, score."""
        users = ids_of(self.data.log.users.ids if user_ids is None else user_ids)
        asking = self._asking(users)
        pipeline = asking.pipeline(self.config.recommend)
        return pipeline.table(users, asking.moments, n, filters, self.progress)

    def explain(
        self,
        user_id: Id,
        item_id: Id,
        *,
        at: datetime | str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Reason:
        """Why one item has its score for one user.

        Raises:
            UnknownIdError: there is no such item.
        """
        users, item = [id_of(user_id)], id_of(item_id, "item_id")
        asking = self._asking(users)
        row = asking.model.catalogue.items.row(item, "item")
        pipeline = asking.pipeline(self.config.recommend)
        return pipeline.explain(asking.moments(users, at, context), row)

    def similar_items(self, item_id: Id, n: int = 10) -> list[Similar]:
        """What is like this: the n items that people turn to who turned to one, then those that are
        described alike; the likest first.

        Raises:
            UnknownIdError: there is no such item.
        """
        item, asking = id_of(item_id, "item_id"), self._asking([])
        ids, title = asking.model.catalogue.items, asking.explainer(0).title
        found = similar(asking.model, ids.row(item, "item"), n)
        return [Similar(ids[k], title(k), likeness, by) for k, likeness, by in found]
