"""What to show: lists for people, and items like one."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from penchant.client import answers as a
from penchant.data import columns as c
from penchant.recommend.filters import Filters
from penchant.serve.access import DOORS
from penchant.serve.answer import Answer
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
    named: dict[str, Any] = {
        "context": context_of(asked.context),
        "filters": _filters(asked),
        "interests": weights_of(asked.like),
        "diversify": asked.diversify,
    }

    def listed() -> dict[str, Any]:
        at = service.present(asked.at, user_id)
        found = service.engine.recommend(user_id, asked.n, at=at, **named)
        return found.to_json(explain=asked.explain)

    told = await service.work.read(listed)
    told["list_id"] = await _keep(service, told) if service.config.lists else None
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


async def _keep(service: Service, told: dict[str, Any]) -> str:
    """Keep a list as exposures; its id."""
    list_id, at = secrets.token_hex(8), service.engine.clock()
    rows = [
        {
            c.USER: told["user_id"],
            c.ITEM: r["item_id"],
            c.TIME: at,
            c.POSITION: r["rank"],
            c.EVENT_ID: f"{list_id}-{r['rank']}",
            "list_id": list_id,
        }
        for r in told["items"]
    ]
    if rows:
        await service.lists.put(rows)
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
