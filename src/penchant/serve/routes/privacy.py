"""What is held on a person, how it is erased, and who did so."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request

from penchant.client import answers as a
from penchant.clock import micros, when
from penchant.errors import CopiesLeftError
from penchant.serve.access import DOORS, Admin
from penchant.serve.answer import Answer
from penchant.serve.cursor import cursor, number
from penchant.serve.problem import Problem
from penchant.serve.reading import PREFIX, StrictRoute
from penchant.serve.said import answers
from penchant.serve.service import service_of
from penchant.serve.wire import AuditQuery, UserId
from penchant.store.audit import Wanted, masked

router = APIRouter(prefix=PREFIX, route_class=StrictRoute, tags=["privacy"])
COPIES: Final = (
    "the rows are gone, but copies of them may stand in the log of the database, as somebody is "
    "reading there; erase once more in a while"
)
"""What is said where an erasure is not whole yet."""


@router.get("/users/{user_id}", responses=answers(a.Person), dependencies=[DOORS["read"]])
async def get_user(request: Request, user_id: UserId) -> Answer:
    """A person's attributes, and how many rows there are on them; 404 for somebody never seen."""
    service = service_of(request)
    tables = await service.work.read(service.engine.person, user_id)
    counts = {kind: len(found) for kind, found in tables.items()}
    if not any(counts.values()):
        raise Problem(404, "user_id: nothing is known of this person")
    known: dict[str, Any] = {}
    for row in tables["users"]:
        known |= {name: value for name, value in row.items() if name != "user_id"}
    return Answer({"user_id": user_id, "attributes": known, "rows": counts})


@router.get("/users/{user_id}/export", responses=answers(a.Held))
async def export(request: Request, user_id: UserId, actor: Admin) -> Answer:
    """Everything that is held on one person, as JSON. Nothing else is kept: a profile is computed
    from these rows when it is asked for."""
    service = service_of(request)
    tables = await service.work.read(service.engine.person, user_id)
    await service.work.write(service.note, actor, "export", user_id)
    now = service.engine.clock()
    return Answer({"user_id": user_id, "exported": now, "tables": tables})


@router.delete("/users/{user_id}", responses=answers(a.Forgotten))
async def forget(request: Request, user_id: UserId, actor: Admin) -> Answer:
    """Erase a person: every event, exposure, attribute, relation and word. Asked again, there is
    nothing left to erase: 0 rows. What is still to be done, if anything, is said in `note`."""
    service = service_of(request)
    service.lists.drop(user_id)

    def erased() -> tuple[int, str | None]:
        try:
            return service.engine.forget(user_id, by=actor), None
        except CopiesLeftError as error:
            return error.rows, COPIES

    rows, note = await service.work.write(erased)
    return Answer({"user_id": user_id, "rows": rows, "note": note})


@router.get("/audit", responses=answers(a.Acts), dependencies=[DOORS["admin"]])
async def audit(request: Request, asked: Annotated[AuditQuery, Query()]) -> Answer:
    """Who did what that only an admin may, over HTTP and at the command line, newest first, page by
    page: give `next` as `cursor` for the next one. People stand there as a hash of their id; `of`
    looks for one."""
    service = service_of(request)
    wanted = Wanted(
        since=None if asked.since is None else when(micros(asked.since, "since")),
        action=asked.action,
        subject=None if asked.of is None else masked(asked.of),
        before=number(asked.cursor),
    )
    log = service.engine.tables.audit
    found = await service.work.read(log.newest, wanted, asked.limit + 1)
    page = found[: asked.limit]
    more = len(found) > asked.limit
    return Answer(
        {
            "acts": [kept.to_json() for kept in page],
            "next": cursor(str(page[-1].number)) if more else None,
        }
    )
