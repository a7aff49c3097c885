"""The model: its tree, learning anew, what is held, how good it is, who is alike."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from penchant import __version__
from penchant.client import answers as a
from penchant.engine.saved import Standing
from penchant.errors import NotFittedError, StoreError
from penchant.serve.access import DOORS, Admin
from penchant.serve.answer import Answer, as_json
from penchant.serve.problem import Problem, missing
from penchant.serve.reading import PREFIX, StrictRoute
from penchant.serve.said import answers
from penchant.serve.service import Service, service_of
from penchant.serve.wire import NodeId, SegmentsQuery
from penchant.taxonomy.render import branch

router = APIRouter(prefix=PREFIX, route_class=StrictRoute, tags=["model"])
_READ: dict[str, Any] = {"dependencies": [DOORS["read"]]}
_SAME: dict[int | str, Any] = {
    304: {"description": "It is as it was under the ETag that was sent."}
}


@router.get("/tree", responses=answers(a.Tree) | _SAME, **_READ)
async def tree(request: Request) -> Response:
    """The interest tree, broadest first, largest first; send its ETag as `If-None-Match` to be told
    when it is as it was."""
    service = service_of(request)

    def told() -> bytes:
        return as_json({"nodes": service.engine.tree.to_json()})

    body = await service.work.read(told)
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


@router.get("/tree/{node}", responses=answers(a.Node), **_READ)
async def node(request: Request, node: NodeId) -> Answer:
    """One interest by id, name or path, with those below it."""
    service = service_of(request)

    def told() -> dict[str, Any]:
        tree = service.engine.tree
        return branch(tree, tree.find(node))

    with missing():
        return Answer(await service.work.read(told))


@router.post("/fit", status_code=202, responses=answers(a.Fit, status=202))
async def fit(request: Request, actor: Admin) -> Answer:
    """Learn from all that was put in, in a process of its own; the new model serves only if it is
    not worse than the one that does on what came since. 409 while a fit runs."""
    service = service_of(request)
    begun = await service.work.write(service.fits.start, lambda: service.note(actor, "fit"))
    return Answer(begun, status_code=202, headers={"Location": "/v1/fit"})


@router.get("/fit", responses=answers(a.Fit), **_READ)
async def fit_status(request: Request) -> Answer:
    """How the fit that was asked for last stands."""
    service = service_of(request)
    return Answer(await service.work.look(service.fits.status))


@router.get("/status", responses=answers(a.Status), **_READ)
async def status(request: Request) -> Answer:
    """What is held, which model serves, and how good it was found to be when it was made."""
    service = service_of(request)
    rows = await service.work.read(service.engine.rows)
    model = await service.work.read(serving, service)
    known = model or Standing()
    return Answer(
        {
            "version": __version__,
            "model": known.version,
            "fitted": model is not None,
            "rows": rows,
            "metrics": known.metrics,
            "fallback": fallen(known),
        }
    )


def serving(service: Service) -> Standing | None:
    """What is known of the model that serves; None where there is none."""
    try:
        _ = service.engine.model
    except (NotFittedError, StoreError):
        return None
    return service.engine.standing


def fallen(model: Standing) -> dict[str, str] | None:
    """Which version was meant to serve, which does, and why; None where that is the same."""
    return None if model.fallback is None else model.fallback.to_json()


@router.get("/report", responses=answers(a.Report), **_READ)
async def report(request: Request) -> Answer:
    """The last evaluation: figures with their intervals, beside tuned baselines. 404 before
    `penchant evaluate`."""
    service = service_of(request)

    def told() -> Any:
        where = service.engine.workspace
        path = None if where is None else where.reports / "evaluation.json"
        if path is None or not path.is_file():
            raise Problem(404, "there is no evaluation yet; `penchant evaluate` makes one")
        return json.loads(path.read_text(encoding="utf-8"))

    return Answer(await service.work.read(told))


@router.get("/segments", responses=answers(a.Segments), **_READ)
async def segments(request: Request, asked: Annotated[SegmentsQuery, Query()]) -> Answer:
    """Everybody grouped by what they are interested in, the largest group first."""
    service, named = service_of(request), asked.model_dump()
    found = await service.work.read(service.engine.segments, **named)
    return Answer(found.to_json())
