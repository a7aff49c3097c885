"""Rows in: events, items, people's attributes, relations; and items back."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from penchant.client import answers as a
from penchant.serve.access import DOORS
from penchant.serve.answer import Answer
from penchant.serve.cursor import cursor, place
from penchant.serve.intake import take_in
from penchant.serve.problem import missing
from penchant.serve.reading import PREFIX, StrictRoute
from penchant.serve.said import answers, rows
from penchant.serve.service import service_of
from penchant.serve.wire import (
    Event,
    Events,
    Item,
    ItemId,
    Items,
    PageQuery,
    Relation,
    Relations,
    User,
    Users,
)

router = APIRouter(prefix=PREFIX, route_class=StrictRoute, tags=["tables"])
_IN: dict[str, Any] = {"dependencies": [DOORS["ingest"]], "responses": answers(a.Taken)}


@router.post("/events", openapi_extra=rows("events", Event, Events), **_IN)
async def add_events(request: Request) -> Answer:
    """Put events in: one, up to 10,000 under `events`, or any number as JSON lines.

    What is counted as accepted is on disk. An event with an `event_id` that is there already is
    known, and counts once; so is one without that says the same as another. What says something
    else under an id that is known is counted in `differing` too, and not stored. Rows that cannot
    be used are named in `rejected` with the reason and do not keep others from being stored; where
    no row can be used the answer is 422. JSON lines are stored piece by piece as they come: after
    an error in the middle send them again, what is there counts once.
    """
    return Answer(await take_in(request, service_of(request), "events"))


@router.post("/items", openapi_extra=rows("items", Item, Items), **_IN)
async def put_items(request: Request) -> Answer:
    """Put items in; one that is there already is replaced as a whole."""
    return Answer(await take_in(request, service_of(request), "items"))


@router.post("/users", openapi_extra=rows("users", User, Users), **_IN)
async def put_users(request: Request) -> Answer:
    """Put people's attributes in; those of a person that is there already are replaced."""
    return Answer(await take_in(request, service_of(request), "users"))


@router.post("/relations", openapi_extra=rows("relations", Relation, Relations), **_IN)
async def put_relations(request: Request) -> Answer:
    """Put edges between people in: who follows, befriends or trusts whom."""
    return Answer(await take_in(request, service_of(request), "relations"))


_OUT: dict[str, Any] = {"dependencies": [DOORS["read"]]}


@router.get("/items", responses=answers(a.ItemPage), **_OUT)
async def list_items(request: Request, asked: Annotated[PageQuery, Query()]) -> Answer:
    """Items in the order of their ids, page by page: give `next` as `cursor` for the next one."""
    service, after = service_of(request), place(asked.cursor)
    found = await service.work.read(service.engine.items, after, asked.limit + 1)
    more = len(found) > asked.limit
    page = found[: asked.limit]
    return Answer({"items": page, "next": cursor(page[-1]["item_id"]) if more else None})


@router.get("/items/{item_id}", responses=answers(a.Item), **_OUT)
async def get_item(request: Request, item_id: ItemId) -> Answer:
    """What is stored of one item."""
    service = service_of(request)
    with missing():
        return Answer(await service.work.read(service.engine.item, item_id))
