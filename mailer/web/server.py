"""Build the application of the public pages, and serve it until it is stopped."""

import socket
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from mailer.catalogue import msg
from mailer.errors import ExitCode, MailerError, reason_of
from mailer.page_thread import serve_until_signal
from mailer.subscribers.people.parting import take_in_soon
from mailer.web.connections import BoundedServer
from mailer.web.edition_pages import EditionPages
from mailer.web.failures import Failures
from mailer.web.health import health_routes
from mailer.web.leaving import Leaving
from mailer.web.site import HEADERS, Site
from mailer.web.sparing import sparing_log
from mailer.web.static_pages import StaticPages

if TYPE_CHECKING:
    from mailer.bootstrap import Services

BUSY_SECONDS = 8
BACKLOG = 1024  # so many may have come before they are accepted


class ServerError(MailerError):
    """The pages cannot be served."""

    exit_code = ExitCode.INPUT_OUTPUT


def build_application(services: "Services") -> Starlette:
    """Build the pages: leaving, one-click, the stored editions, how to subscribe, and privacy."""
    site = Site(services)
    services.database.wait_at_most(BUSY_SECONDS)  # a person waits for the answer, and is asked to come again
    take_in_soon(services.database)  # what was asked for before the pages were last stopped
    leaving = Leaving(site)
    reading = EditionPages(site)
    pages = StaticPages(site)
    routes: list[BaseRoute] = [
        Route("/site.css", site.stylesheet),
        Route("/", pages.archive, methods=["GET"]),
        Route("/subscribe", pages.subscribe, methods=["GET"]),
        Route("/privacy", pages.privacy, methods=["GET"]),
        Route("/leave/{token}", _either(leaving.show, leaving.submit), methods=["GET", "POST"]),
        Route("/one-click/{token}", _either(leaving.show, leaving.one_click), methods=["GET", "POST"]),
        Route("/preferences/{token}", leaving.show_preferences, methods=["GET"]),
        Route("/{name}", reading.show, methods=["GET"]),
        Route("/{name}/{event}", reading.event, methods=["GET"]),
    ]
    if site.path:
        routes = [Mount(site.path, routes=routes)]
    routes = [*health_routes(services), *routes]
    handlers: dict[Any, Any] = {404: site.not_found, 405: _not_that_way} | Failures(site).handlers
    application = Starlette(routes=routes, exception_handlers=handlers)
    application.router.redirect_slashes = False
    return application


def _either(
    show: Callable[[Request], Response], change: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """Send GET to `show` and POST to `change`, on one route so that an answer 405 lists both."""

    async def answer(request: Request) -> Response:
        return await change(request) if request.method == "POST" else await run_in_threadpool(show, request)

    return answer


def _not_that_way(_request: Request, error: HTTPException) -> Response:
    allowed = ", ".join(sorted((error.headers or {})["Allow"].split(", ")))
    headers = HEADERS | {"Allow": allowed}
    return PlainTextResponse(f"Only {allowed}. Nothing has changed.\n", status_code=405, headers=headers)


def serve(services: "Services", *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serve the pages until Ctrl-C, SIGTERM or SIGHUP; raises `ServerError` when the port is taken.

    Requests are not logged: their addresses hold tokens. TLS is the business of the proxy before it.
    """
    path = Site(services).path
    listen_and_serve(
        build_application(services),
        host=host,
        port=port,
        announce=lambda address: announce(msg("settings.pages-are-at", address=f"{address}{path}/")),
        hint=msg("settings.is-serving"),
    )


def listen_and_serve(
    application: ASGIApp, *, host: str, port: int, announce: Callable[[str], None], hint: str = ""
) -> None:
    """Serve an application until a signal, with a log that cannot be flooded; `announce` is given its address.

    `hint` says what to do where the port is taken.
    """
    with closing(_listen(host, port, hint=hint)) as listener, sparing_log():
        announce(f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}")
        serve_until_signal(BoundedServer(application), listener)


def _listen(host: str, port: int, *, hint: str = "") -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)  # who is told the address may use it at once, and nobody else can take the port
    except OSError as error:
        listener.close()
        raise ServerError(
            msg("settings.port-unusable", port=str(port), reason=reason_of(error)),
            where=f"{host}:{port}",
            hint=hint,
        ) from error
    return listener
