"""Whether the service lives, is ready, and what it counted."""

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from penchant.client import answers as a
from penchant.serve.access import DOORS
from penchant.serve.answer import Answer
from penchant.serve.problem import Problem
from penchant.serve.reading import PREFIX, StrictRoute
from penchant.serve.routes.model import serving
from penchant.serve.said import answers
from penchant.serve.service import service_of

router = APIRouter(prefix=PREFIX, route_class=StrictRoute, tags=["health"])


@router.get("/health", responses=answers(a.Health))
async def health(request: Request) -> Answer:
    """Whether the process answers."""
    return Answer({"status": "ok", "model": None})


@router.get("/ready", responses=answers(a.Health))
async def ready(request: Request) -> Answer:
    """Whether there is a model that can be asked; 503 until then."""
    service = service_of(request)
    model, fitted = await service.work.look(serving, service)
    if not fitted:
        raise Problem(503, "there is no model that can be asked yet", name="not-fitted",
                      headers={"Retry-After": "30"})  # fmt: skip
    return Answer({"status": "ready", "model": model})


@router.get(
    "/metrics",
    dependencies=[DOORS["read"]],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "For Prometheus."}},
)
async def metrics(request: Request) -> Response:  # fmt: skip
    """Counts and times, as Prometheus reads them."""
    service = service_of(request)
    model, fitted = await service.work.look(serving, service)
    if fitted:
        service.metrics.serves(model or "memory")
    text = await service.work.look(service.metrics.text)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
