"""The page of figures for Prometheus, on a port of its own."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailer.catalogue import msg
from mailer.usecases.metrics import CONTENT_TYPE, KeptMetrics
from mailer.web.server import listen_and_serve

if TYPE_CHECKING:
    from mailer.bootstrap import Services

PATH = "/metrics"


def build_metrics_application(services: "Services") -> Starlette:
    """Build the one page."""
    metrics = KeptMetrics(services)

    def show(_request: Request) -> Response:
        text = metrics.read()
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        if text is None:
            return PlainTextResponse("database\n", status_code=503, headers=headers)
        return Response(text, headers=headers | {"Content-Type": CONTENT_TYPE})

    return Starlette(routes=[Route(PATH, show, methods=["GET"])])


def serve_metrics(services: "Services", *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve the figures until Ctrl-C, SIGTERM or SIGHUP; raises `ServerError` when the port is taken."""
    application = build_metrics_application(services)
    listen_and_serve(
        application,
        host=host,
        port=port,
        announce=lambda address: announce(msg("settings.metrics-are-at", address=f"{address}{PATH}")),
        hint=msg("settings.is-serving-metrics"),
    )
