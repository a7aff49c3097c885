"""Who is this: what people are interested in, how that moves, what they ask for."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from penchant.client import answers as a
from penchant.interests.profile import Profile
from penchant.serve.access import DOORS
from penchant.serve.answer import Answer
from penchant.serve.problem import missing
from penchant.serve.reading import PREFIX, StrictRoute
from penchant.serve.said import answers
from penchant.serve.service import service_of
from penchant.serve.wire import (
    DiffQuery,
    EvolutionQuery,
    ForecastQuery,
    PeopleQuery,
    ProfileQuery,
    ReasonQuery,
    Statement,
    UserId,
    Words,
    context_of,
)

router = APIRouter(prefix=PREFIX, route_class=StrictRoute, tags=["people"])
_READ: dict[str, Any] = {"dependencies": [DOORS["read"]]}


@router.get("/users/{user_id}/interests", responses=answers(a.Profile), **_READ)
async def interests(
    request: Request, user_id: UserId, asked: Annotated[ProfileQuery, Query()]
) -> Answer:
    """Who is this: somebody's interests at a time and in a context, per level and layer, with the
    events that speak for them. Somebody never seen has the profile of everybody."""
    service = service_of(request)
    context = context_of(asked.context)

    def told() -> dict[str, Any]:
        at = service.present(asked.at, user_id)
        return _cut(service.engine.interests(user_id, at=at, context=context), asked)

    return Answer(await service.work.read(told))


def _cut(profile: Profile, asked: ProfileQuery) -> dict[str, Any]:
    """A profile of the levels that were asked for, the weightiest of each."""
    if asked.level is not None:
        profile.top(asked.level)  # says so where there is no such level
    told = profile.to_json()
    levels = told["levels"] if asked.level is None else [told["levels"][asked.level - 1]]
    return {**told, "levels": [level[: asked.top] for level in levels]}


@router.post("/interests/from-text", responses=answers(a.ProfileOfWords), **_READ)
async def interests_from_text(request: Request, words: Words) -> Answer:
    """Who says this: the profile of somebody of whom these words are all that is known."""
    service = service_of(request)

    def told() -> dict[str, Any]:
        found = service.engine.interests_from_text(words.text, at=words.at)
        return {**found.to_json(), "given": found.as_given()}

    return Answer(await service.work.read(told))


@router.get("/users/{user_id}/evolution", responses=answers(a.Evolution), **_READ)
async def evolution(
    request: Request, user_id: UserId, asked: Annotated[EvolutionQuery, Query()]
) -> Answer:
    """How somebody's interests moved, step by step, with phases and lasting changes."""
    service, named = service_of(request), asked.model_dump()
    found = await service.work.read(service.engine.evolution, user_id, **named)
    return Answer(await service.work.read(found.to_json))


@router.get("/users/{user_id}/diff", responses=answers(a.Diff), **_READ)
async def diff(request: Request, user_id: UserId, asked: Annotated[DiffQuery, Query()]) -> Answer:
    """What changed in somebody's interests between two times, the largest change first."""
    service = service_of(request)

    def told() -> dict[str, Any]:
        until = service.present(asked.t2, user_id)
        moved = service.engine.between(user_id, asked.t1, until)
        shifts = [shift.to_json() for shift in moved.diff(asked.level)]
        times = [t.isoformat() for t in moved.times]
        return {"user_id": user_id, "times": times, "level": asked.level, "shifts": shifts}

    return Answer(await service.work.read(told))


@router.get("/users/{user_id}/forecast", responses=answers(a.Forecast), **_READ)
async def forecast(
    request: Request, user_id: UserId, asked: Annotated[ForecastQuery, Query()]
) -> Answer:
    """What somebody will turn to in the next step; the first call for a step takes longest."""
    service, named = service_of(request), asked.model_dump()
    found = await service.work.read(service.engine.forecast, user_id, **named)
    return Answer(found.to_json())


@router.get("/users/{user_id}/reasons", responses=answers(a.Reason), **_READ)
async def reasons(
    request: Request, user_id: UserId, asked: Annotated[ReasonQuery, Query()]
) -> Answer:
    """Why an item has its score for somebody: parts that add up, events, interests, a sentence."""
    service = service_of(request)
    context = context_of(asked.context)

    def told() -> dict[str, Any]:
        at = service.present(asked.at, user_id)
        return service.engine.explain(user_id, asked.item, at=at, context=context).to_json()

    return Answer(await service.work.read(told))


@router.get("/users/{user_id}/similar", responses=answers(a.SimilarUsers), **_READ)
async def similar_users(
    request: Request, user_id: UserId, asked: Annotated[PeopleQuery, Query()]
) -> Answer:
    """People with a profile like somebody's: by the Jensen–Shannon distance over a level, among
    those who turned to the same items. Only people with events are compared; 404 for others."""
    service, named = service_of(request), asked.model_dump()
    with missing():
        found = await service.work.read(service.engine.similar_users, user_id, **named)
    return Answer(found.to_json())


@router.get("/users/{user_id}/feedback", responses=answers(a.Feedback), **_READ)
async def feedback(request: Request, user_id: UserId) -> Answer:
    """What somebody asked for by hand and did not take back, newest first."""
    service = service_of(request)

    def told() -> dict[str, Any]:
        at = service.present(None, user_id)
        return service.engine.feedback(user_id, at=at).to_json()

    return Answer(await service.work.read(told))


@router.post(
    "/users/{user_id}/feedback", responses=answers(a.Feedback), dependencies=[DOORS["ingest"]]
)
async def say(request: Request, user_id: UserId, said: Statement) -> Answer:
    """Keep that somebody wants more, less or none of an interest or item; it counts at once.

    `clear` takes a word back, or without an interest or item all of them.
    """
    service, words = service_of(request), said.model_dump(exclude={"direction", "at"})

    def kept() -> dict[str, Any]:
        at = service.moment(user_id) if said.at is None else said.at
        return service.engine.feedback(user_id, said.direction, at=at, **words).to_json()

    return Answer(await service.work.write(kept))
