"""The live preview: one page on this machine that shows the issue as it is saved."""

import socket
import sys
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import date
from hashlib import sha256
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from mailer.bootstrap import Services
from mailer.errors import MailerError
from mailer.issue.model import LANGS
from mailer.issue.source import find_issue
from mailer.preview.views import View, build_view, mail_html, mail_text, page_html
from mailer.workspace.desk import printed_issue

HOST = "127.0.0.1"
FRAME_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; frame-src 'self'"
RELOAD_SCRIPT = """
"use strict";
// Asks for the version every half second and loads the page anew when a file was saved.
let shown = null;
setInterval(async () => {
  try {
    const answer = await fetch("/version");
    const { version } = await answer.json();
    if (shown !== null && shown !== version) location.reload();
    shown = version;
  } catch { /* the preview was stopped */ }
}, 500);
"""


class Preview:
    """The pages of one issue's preview. Each request reads the folder anew: what is saved is what is shown."""

    def __init__(self, services: Services, slug: str, *, today: Callable[[], date]) -> None:
        self.services = services
        self.slug = slug
        self.folder = find_issue(services.settings.paths.issues, slug)
        self.today = today

    def application(self) -> Starlette:
        """The application; it answers only to requests that name this machine (no DNS rebinding)."""
        routes = [
            Route("/", self.page),
            Route("/light", self.light),
            Route("/dark", self.dark),
            Route("/text", self.text),
            Route("/pdf", self.pdf),
            Route("/version", self.version),
            Route("/reload.js", self.script),
        ]
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
        return Starlette(routes=routes, middleware=[hosts], exception_handlers={MailerError: _refusal})

    def page(self, request: Request) -> Response:
        """The page around the frames, or the findings."""
        view = self._view(request)
        query = urlencode([("list", each) for each in view.lists] + ([("lang", view.lang)] if view.lang else []))
        addresses = {name: f"/{name}?{query}" for name in ("light", "dark", "text", "pdf")}
        html = page_html(self.services, view, addresses=addresses, is_live=True)
        return HTMLResponse(html, headers=_headers(PAGE_POLICY))

    def light(self, request: Request) -> Response:
        """The mail on a light screen."""
        return HTMLResponse(mail_html(self.services, self._view(request), "light"), headers=_headers(FRAME_POLICY))

    def dark(self, request: Request) -> Response:
        """The mail on a dark screen."""
        return HTMLResponse(mail_html(self.services, self._view(request), "dark"), headers=_headers(FRAME_POLICY))

    def text(self, request: Request) -> Response:
        """The plain-text part."""
        return PlainTextResponse(mail_text(self.services, self._view(request)), headers=_headers(FRAME_POLICY))

    def pdf(self, request: Request) -> Response:
        """The PDF."""
        view = self._view(request)
        if view.issue is None:
            return PlainTextResponse("The issue has errors.", status_code=409)
        pdf = printed_issue(self.services, view.issue).pdf
        return Response(pdf, media_type="application/pdf", headers={"Cache-Control": "no-store"})

    def version(self, _request: Request) -> Response:
        """What changes whenever a file of the issue or a template is saved, added or removed."""
        folders = (self.folder, *self.services.templates.folders)
        saved = sorted(each for folder in folders for each in _saved(folder))
        return JSONResponse(
            {"version": sha256(repr(saved).encode()).hexdigest()}, headers={"Cache-Control": "no-store"}
        )

    def script(self, _request: Request) -> Response:
        """The script that reloads the page."""
        return Response(RELOAD_SCRIPT, media_type="text/javascript")

    def _view(self, request: Request) -> View:
        lists = [each for each in request.query_params.getlist("list") if each]
        lang = next((each for each in LANGS if each == request.query_params.get("lang")), None)
        return build_view(self.services, self.slug, today=self.today(), lists=lists, lang=lang)


def serve_preview(
    services: Services, slug: str, *, port: int, open_browser: bool, announce: Callable[[str], None]
) -> None:
    """Serve the preview until it is stopped; raises `MailerError` when the port is taken."""
    application = Preview(services, slug, today=date.today).application()
    with closing(_listen(port)) as listener:
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        announce(f"{slug} is shown at {address} and reloads when you save. Ctrl-C stops.")
        if open_browser:
            webbrowser.open(address)
        server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="off"))
        with suppress(KeyboardInterrupt):  # Ctrl-C is how it ends; uvicorn raises it again
            server.run(sockets=[listener])
    announce("Stopped.")


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    if sys.platform != "win32":  # there it would share the port with whoever has it
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # the browser may be quicker than the server
    except OSError as error:
        listener.close()
        raise MailerError(f"port {port} cannot be used", hint="Choose another with --port, or 0 for any.") from error
    return listener


def _headers(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _saved(folder: Path) -> Iterator[tuple[str, int]]:
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # an editor may be replacing it just now
            yield str(path), path.stat().st_mtime_ns


async def _refusal(_request: Request, error: Exception) -> Response:
    """What is wrong, on a page that also reloads when it has been put right."""
    page = f"<!DOCTYPE html><html lang=en><title>Not yet</title><script src=/reload.js defer></script>{_words(error)}"
    return HTMLResponse(page, status_code=400, headers=_headers(PAGE_POLICY))


def _words(error: Exception) -> str:
    return f'<p style="font:18px/27px sans-serif;white-space:pre-line;margin:2em">{escape(str(error))}</p>'
