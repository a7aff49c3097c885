"""What to show: lists for people, and items like one."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from penchant.client import answers as a
from penchant.recommend.filters import Filters
from penchant.serve.access import DOORS
from penchant.serve.answer import Answer
from penchant.serve.lists import Shown
from penchant.serve.logs import fresh_id
from penchant.serve.problem import missing
from penchant.serve.reading import PREFIX, StrictRoute
from penchant.serve.said import answers
from penchant.serve.service import Service, service_of
from penchant.serve.wire import (
    AlikeQuery,
    ItemId,
    ListQuery,
    UserId,
    context_of,
    pairs,
    weights_of,
)

router = APIRouter(
    prefix=PREFIX, route_class=StrictRoute, tags=["lists"], dependencies=[DOORS["read"]]
)


@router.get("/users/{user_id}/recommendations", responses=answers(a.Recommendations))
async def recommend(
    request: Request, user_id: UserId, asked: Annotated[ListQuery, Query()]
) -> Answer:
    """What to show: the best items for one person, each score as the sum of its parts.

    Somebody never seen gets what is popular now, and what `like` says. The list is kept as
    exposures under its `list_id`.
    """
    service = service_of(request)

    def listed(users: list[str]) -> list[tuple[dict[str, Any], int]]:
        since = service.engine.tables.latest()
        context, filters, like = context_of(asked.context), _filters(asked), weights_of(asked.like)
        found: dict[str, dict[str, Any]] = {}
        for at, some in service.presents(asked.at, users):
            lists = service.engine.recommend_each(
                some, asked.n, at=at, context=context, filters=filters, interests=like,
                diversify=asked.diversify,
            )  # fmt: skip
            found |= {one.user_id: one.to_json(explain=asked.explain) for one in lists}
        return [(dict(found[user]), since) for user in users]

    if asked.explain:  # reasons take long: nobody waits for those of others
        told, since = (await service.work.read(listed, [user_id]))[0]
    else:
        told, since = await service.work.read_each(listed, user_id, asked.model_dump_json())
    told["list_id"] = await _keep(service, told, since) if service.config.lists else None
    service.metrics.recommended.inc(len(told["items"]))
    return Answer(told)


def _filters(asked: ListQuery) -> Filters:
    return Filters(
        seen=asked.seen,
        within=asked.within,
        where={name: tuple(values) for name, values in pairs(asked.where, "where").items()},
        allow=None if asked.allow is None else tuple(asked.allow),
        deny=tuple(asked.deny),
    )


async def _keep(service: Service, told: dict[str, Any], since: int) -> str:
    """Keep a list as exposures, which was made after that change of the store; its id."""
    list_id, at = fresh_id(), service.engine.clock()
    items = tuple(r["item_id"] for r in told["items"])
    if items:
        await service.lists.put(Shown(list_id, told["user_id"], at, items, since))
    return list_id


@router.get("/items/{item_id}/similar", responses=answers(a.SimilarItems))
async def similar_items(
    request: Request, item_id: ItemId, asked: Annotated[AlikeQuery, Query()]
) -> Answer:
    """Items like one: by what people turn to who turned to it, then by their words."""
    service = service_of(request)
    with missing():
        found = await service.work.read(service.engine.similar_items, item_id, asked.n)
    return Answer({"item_id": item_id, "items": [vars(x) for x in found]})
