"""Whether the service lives, is ready, and what it counted."""

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from penchant.client import answers as a
from penchant.engine.saved import Standing
from penchant.serve.access import DOORS
from penchant.serve.answer import Answer
from penchant.serve.reading import PREFIX, StrictRoute
from penchant.serve.routes.model import fallen, serving
from penchant.serve.said import answers
from penchant.serve.service import Service, service_of

router = APIRouter(prefix=PREFIX, route_class=StrictRoute, tags=["health"])


@router.get("/health", responses=answers(a.Health))
async def health(request: Request) -> Answer:
    """Whether the process answers. Of the model it says nothing: `ready` does."""
    return Answer({"status": "ok"})


@router.get("/ready", responses=answers(a.Health))
async def ready(request: Request) -> Answer:
    """Whether there is a model that can be asked, and a store that answers; 503 while not. One that
    serves in place of a broken one is ready, and `fallback` says so."""
    service = service_of(request)

    def told() -> dict[str, Any]:
        _ = service.engine.model
        known = service.engine.standing
        return {"status": "ready", "model": known.version, "fallback": fallen(known)}

    return Answer(await service.work.look(told))


@router.get(
    "/metrics",
    dependencies=[DOORS["read"]],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "For Prometheus."}},
)
async def metrics(request: Request) -> Response:  # fmt: skip
    """Counts and times, as Prometheus reads them."""
    service = service_of(request)
    model, waiting = await service.work.look(_held, service)
    if model is not None:
        service.metrics.serves(model.version or "memory", model.fallback is not None)
        service.metrics.waiting.set(waiting)
    else:
        service.metrics.fallback.set(0.0)
    text = await service.work.look(service.metrics.text)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def _held(service: Service) -> tuple[Standing | None, int]:
    """The model that serves, and how many events cannot count yet."""
    model = serving(service)
    return model, 0 if model is None else service.engine.live.waiting
