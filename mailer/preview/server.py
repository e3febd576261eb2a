"""The live preview: one page on this machine that shows the issue as it is saved."""

import socket
import sys
import webbrowser
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import date
from html import escape
from threading import RLock

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from mailer.bootstrap import Services, made_of
from mailer.errors import InputOutputError, MailerError, reason_of
from mailer.preview.choice import read_choice
from mailer.preview.frames import frame_policy, mail_frame, with_links_out
from mailer.preview.latest import Latest
from mailer.preview.page import Page, hash_of, lines_around, page_html, page_policy, time_of
from mailer.preview.views import Look, pdf_of, require_view, web_version
from mailer.preview.watching import saved_events
from mailer.usecases.accounts import were_texts_tested

HOST = "127.0.0.1"
SCRIPT = "web/preview.js"
REFUSAL_STYLE = (
    ":root{color-scheme:light dark}body{font:18px/28px sans-serif;margin:48px auto;max-width:720px;padding:0 20px}"
    "pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}"
)
REFUSAL_POLICY = f"default-src 'none'; style-src {hash_of(REFUSAL_STYLE)}; script-src 'self'; connect-src 'self'"


class Preview:
    """The pages of one issue's preview. What is saved is what is shown; nothing is written anywhere."""

    def __init__(self, current: Callable[[], Services], slug: str, *, today: Callable[[], date]) -> None:
        self._current = current
        self._lock = RLock()
        self.latest = Latest(current(), slug, today=today)
        """With the last services that could be made."""

    def application(self) -> Starlette:
        """The application; it answers only to requests that name this machine (no DNS rebinding)."""
        routes = [
            Route("/", self.page),
            Route("/frame", self.frame),
            Route("/issue.pdf", self.pdf),
            Route("/issue.eml", self.eml),
            Route("/saved", self.saved),
            Route("/preview.js", self.script),
            Route("/favicon.ico", no_picture),
        ]
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
        return Starlette(routes=routes, middleware=[hosts], exception_handlers={MailerError: _refusal})

    def page(self, request: Request) -> Response:
        """The page around the frames, or around what is wrong."""
        latest, choice = self._now(), read_choice(request.query_params)
        look = latest.look(choice)
        error = look.first_error
        page = Page(
            slug=latest.slug,
            choice=choice,
            look=look,
            shown=look.view or latest.good,
            page_of=lambda each: f"/{each.address}",
            frame_of=lambda each: f"{'/issue.pdf' if each.part == 'pdf' else '/frame'}{each.address}",
            is_live=True,
            saved=time_of(latest.saved_at),
            is_tested=_is_tested(latest, look),
            source=look.view.source(choice.part) if look.view else "",
            lines=lines_around(latest.text(error.file), error.line) if error and error.line else (),
            found=latest.readers.find(choice.query),
            variants=latest.readers.variants(look.view.issue) if look.view else (),
        )
        policy = page_policy(latest.services)
        return HTMLResponse(page_html(latest.services, page), headers=headers_with(policy))

    def frame(self, request: Request) -> Response:
        """The mail or the web version, for a frame; while a file is broken, the last version that composed."""
        latest, choice = self._now(), read_choice(request.query_params)
        view = latest.view(choice) or latest.good
        if view is None:
            html = ""
        elif choice.part == "web":
            html = with_links_out(web_version(latest.services, view))
        else:
            html = mail_frame(view, choice)
        return HTMLResponse(html, headers=headers_with(frame_policy(choice)))

    def pdf(self, request: Request) -> Response:
        """The PDF."""
        latest = self._now()
        pdf = pdf_of(latest.services, require_view(latest.look(read_choice(request.query_params))))
        return Response(pdf, media_type="application/pdf", headers={"Cache-Control": "no-store"})

    def eml(self, request: Request) -> Response:
        """The whole message, which mail programs open."""
        view = require_view(self._now().look(read_choice(request.query_params)))
        return Response(view.eml, media_type="message/rfc822", headers={"Cache-Control": "no-store"})

    def saved(self, _request: Request) -> Response:
        """Tells the page when a file of the issue, a template, the settings or the lists were saved."""
        services = self.latest.services
        folders = (self.latest.folder, *services.templates.folders)
        return saved_events(folders, files=made_of(services))

    def script(self, _request: Request) -> Response:
        """The page's own script: it listens for what is saved, and loads the page anew in place."""
        script = self.latest.services.templates.path(SCRIPT).read_text("utf-8")
        return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-store"})

    def _now(self) -> Latest:
        """The issue with the services as they are to be now; raises `MailerError` while they cannot be made."""
        with self._lock:
            services = self._current()
            if services is not self.latest.services:
                self.latest = self.latest.renewed(services)
            return self.latest


def _is_tested(latest: Latest, look: Look) -> bool:
    """By the texts alone: to make a whole edition takes too long for each time that the editor saves."""
    if look.view is None or not latest.readers.exist:
        return False
    return were_texts_tested(latest.services, latest.slug, look.view.content_hash)


def serve_preview(
    current: Callable[[], Services], slug: str, *, port: int, open_browser: bool, announce: Callable[[str], None]
) -> None:
    """Serve the preview until it is stopped; raises `MailerError` when the port is taken."""
    application = Preview(current, slug, today=date.today).application()
    with closing(listen(port)) as listener:
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        announce(f"{slug} is shown at {address} and reloads when you save. Ctrl-C stops.")
        if open_browser:
            webbrowser.open(address)
        run_until_stopped(application, listener)
    announce("Stopped.")


def run_until_stopped(application: ASGIApp, listener: socket.socket) -> None:
    """Serve until Ctrl-C; pages that still listen for news are let go after a second."""
    config = uvicorn.Config(application, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    with suppress(KeyboardInterrupt):  # Ctrl-C is how it ends; uvicorn raises it again
        uvicorn.Server(config).run(sockets=[listener])


def listen(port: int) -> socket.socket:
    """A socket on this machine alone; raises `MailerError` when the port is taken."""
    listener = socket.socket()
    if sys.platform != "win32":  # there it would share the port with whoever has it
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # the browser may be quicker than the server
    except OSError as error:
        listener.close()
        hint = "Choose another with --port, or 0 for any."
        raise InputOutputError(f"port {port} cannot be used: {reason_of(error)}", hint=hint) from error
    return listener


async def no_picture(_request: Request) -> Response:
    """Browsers ask every site for a picture to put on its tab; these have none."""
    return Response(status_code=204)


def headers_with(policy: str) -> dict[str, str]:
    """The header fields of a page with this policy."""
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


async def _refusal(_request: Request, error: Exception) -> Response:
    """What is wrong, on a page that loads anew when it has been put right; without templates, for one may be broken."""
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Not yet</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<style>{REFUSAL_STYLE}</style><script src="/preview.js" defer></script></head>'
        f'<body data-live="whole"><main><h1>Not yet</h1><pre>{escape(str(error))}</pre>'
        '<p><a href="/">Back to the newsletter</a></p></main></body></html>'
    )
    return HTMLResponse(page, status_code=400, headers=headers_with(REFUSAL_POLICY))
