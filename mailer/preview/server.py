"""The live preview: one page on this machine that shows the issue as it is saved."""

from collections.abc import Callable
from contextlib import closing
from datetime import date
from html import escape
from secrets import token_urlsafe
from threading import RLock

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailer.bootstrap import Services
from mailer.catalogue import Lang, msg, render
from mailer.current_services import made_of
from mailer.errors import MailerError
from mailer.local.access import SECRET_BYTES
from mailer.local.doors import STYLE
from mailer.local.headers import hash_of, policy_header
from mailer.local.serving import listen, serve_to_starter
from mailer.preview.choice import read_choice
from mailer.preview.frames import frame_policy, mail_frame, with_links_out
from mailer.preview.latest import Latest
from mailer.preview.page import Page, lines_around, long_forms, page_html, page_policy, time_of
from mailer.preview.views import Look, pdf_of, require_view, web_version
from mailer.preview.watching import Watched, saved_events, watched_at
from mailer.usecases.accounts import were_texts_tested

WORKER_POLICY = "default-src 'none'; connect-src 'self'"
REFUSAL_POLICY = (
    f"default-src 'none'; style-src {hash_of(STYLE)}; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


class Preview:
    """The pages of one issue's preview, which show the files as they are saved; nothing is written anywhere."""

    def __init__(self, current: Callable[[], Services], slug: str, *, today: Callable[[], date]) -> None:
        self._current = current
        self._lock = RLock()
        self.latest = Latest(current(), slug, today=today)
        """With the last services that could be made."""
        self.server_id = token_urlsafe(SECRET_BYTES)
        """What the page knows its server by."""

    def application(self) -> Starlette:
        """The pages, for a guard to stand before; their links are relative, so that they may lie below any path."""
        routes = [
            Route("/", self.page),
            Route("/frame", self.frame),
            Route("/issue.pdf", self.pdf),
            Route("/issue.eml", self.eml),
            Route("/saved", self.saved),
            *script_routes(lambda: self.latest.services),
            Route("/favicon.ico", no_picture),
        ]
        application = Starlette(routes=routes, exception_handlers={MailerError: self.refusal})
        application.router.redirect_slashes = False
        return application

    def page(self, request: Request) -> Response:
        """Return the page around the frames, or around the first error."""
        latest, choice = self._now(), read_choice(request.query_params)
        look = latest.look(choice)
        error = look.first_error
        page = Page(
            slug=latest.slug,
            choice=choice,
            look=look,
            shown=look.view or latest.good,
            page_of=lambda each: each.address or "./",
            frame_of=lambda each: f"{'issue.pdf' if each.part == 'pdf' else 'frame'}{each.address}",
            is_live=True,
            server_id=self.server_id,
            saved=time_of(latest.saved_at),
            is_tested=_is_tested(latest, look),
            source=look.view.source(choice.part) if look.view else "",
            lines=lines_around(latest.text(error.file), error.line) if error and error.line else (),
            forms=long_forms(choice, latest.view) if look.view and choice.part == "mail" else (),
            found=latest.readers.find(choice.query),
            variants=latest.readers.variants(look.view.issue) if look.view else (),
        )
        policy = page_policy(latest.services)
        return HTMLResponse(page_html(latest.services, page), headers=policy_header(policy))

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
        return HTMLResponse(html, headers=policy_header(frame_policy(choice)))

    def pdf(self, request: Request) -> Response:
        """The PDF."""
        latest = self._now()
        pdf = pdf_of(latest.services, require_view(latest.look(read_choice(request.query_params))))
        return Response(pdf, media_type="application/pdf")

    def eml(self, request: Request) -> Response:
        """The whole message, which mail programs open."""
        view = require_view(self._now().look(read_choice(request.query_params)))
        return Response(view.eml, media_type="message/rfc822")

    def saved(self, _request: Request) -> Response:
        """Tell the page when a file of the issue, a template, the settings or the lists were saved."""
        return saved_events(self._watched, server_id=self.server_id)

    def _watched(self) -> Watched:
        services = self.latest.services
        folders = (self.latest.folder, *services.templates.folders)
        return watched_at(folders, made_of(services), polls=polls(services))

    def refusal(self, _request: Request, error: Exception) -> Response:
        """Tell the fault, on a page that loads anew when it has been put right."""
        html = _refused(error, self.server_id, lang=self.latest.services.interface_lang)
        return HTMLResponse(html, status_code=400, headers=policy_header(REFUSAL_POLICY))

    def _now(self) -> Latest:
        """The issue with the services as they are to be now; raises `MailerError` while they cannot be made."""
        with self._lock:
            services = self._current()
            if services is not self.latest.services:
                self.latest = self.latest.renewed(services)
            return self.latest


def _is_tested(latest: Latest, look: Look) -> bool:
    """Return whether the texts were test-sent: a whole edition takes too long for each time the editor saves."""
    if look.view is None or not latest.readers.exist:
        return False
    return were_texts_tested(latest.services, latest.slug, look.view.content_hash)


def serve_preview(
    current: Callable[[], Services], slug: str, *, port: int, open_browser: bool, announce: Callable[[str], None]
) -> None:
    """Serve the preview until it is stopped; raises `MailerError` when the port is taken."""
    preview = Preview(current, slug, today=date.today)
    with closing(listen(port)) as listener:
        serve_to_starter(
            preview.application(),
            listener,
            services=preview.latest.services,
            shown=lambda address: msg("preview.is-shown", slug=slug, address=address),
            in_use=msg("preview.window-shows"),
            say=announce,
            opens_browser=open_browser,
        )
    announce(msg("preview.stopped"))


def script_routes(services: Callable[[], Services]) -> tuple[Route, ...]:
    """Return the routes of scripts: one for each page, one that listens for all tabs."""

    def answer(name: str, **headers: str) -> Callable[[Request], Response]:
        def script(_request: Request) -> Response:
            text = services().templates.path(f"web/{name}").read_text("utf-8")
            return Response(text, media_type="text/javascript", headers=headers)

        return script

    worker = answer("listening.js", **policy_header(WORKER_POLICY))
    return Route("/preview.js", answer("preview.js")), Route("/listening.js", worker)


def polls(services: Services) -> bool:
    """Return whether to look at the files again and again: by the settings, or as for all programs with watchfiles."""
    forced = services.environ.get("WATCHFILES_FORCE_POLLING", "").lower()
    return services.settings.preview.poll or forced not in {"", "false", "disable", "disabled"}


async def no_picture(_request: Request) -> Response:
    """Answer a browser's request for the tab's picture: there is none."""
    return Response(status_code=204)


def _refused(error: Exception, server_id: str, *, lang: Lang) -> str:
    """Write the page without templates, for one of them may be broken."""
    title, back = (escape(render(each, lang)) for each in (msg("preview.not-yet"), msg("preview.back-to-newsletter")))
    words = escape(error.told(lang) if isinstance(error, MailerError) else str(error))
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="favicon.ico">'
        f'<style>{STYLE}</style><script src="preview.js" defer></script></head>'
        f'<body data-live="whole" data-server="{server_id}"><main><h1>{title}</h1><pre>{words}</pre>'
        f'<p><a href="./">{back}</a></p></main></body></html>'
    )
