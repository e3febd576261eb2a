"""Parts of every page: the newsletter's name, the head, the colours, the languages and the headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup, escape
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mailer.database.failures import DatabaseError
from mailer.editions.store import Edition
from mailer.languages import DEFAULT_LANG, Lang
from mailer.web.languages import PAGES, accepted

if TYPE_CHECKING:
    from mailer.bootstrap import Services

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_PAGE_HEADERS = HEADERS | {"Vary": "Accept-Language"}


@dataclass(frozen=True)
class Site:
    """The pages' common ground; `services` are those of the workspace."""

    services: "Services"

    @property
    def path(self) -> str:
        """Return the path below which the pages are, when they do not have a host of their own."""
        return urlsplit(self.services.settings.web.base_url).path.rstrip("/")

    @property
    def contact(self) -> str:
        """The address a person answers at."""
        newsletter = self.services.settings.newsletter
        return newsletter.editor or newsletter.reply_to or newsletter.from_address

    @cached_property
    def band(self) -> tuple[int, ...]:
        """Return how many bars each region has, in register order."""
        return tuple(len(list(bars)) for _, bars in groupby(self.services.register.helsefellesskap, lambda x: x.region))

    def lang(self, request: Request, preferred: str | None = None) -> Lang:
        """Return the language of `?lang=`, or of the reader, the browser or the newsletter, in this order."""
        by_browser = [] if preferred else accepted(request.headers.get("Accept-Language", ""))
        wanted = (request.query_params.get("lang"), preferred, *by_browser, self.services.settings.newsletter.lang)
        return next((lang for each in wanted for lang in PAGES if lang == each), DEFAULT_LANG)

    def name(self, lang: Lang) -> str:
        """The newsletter's name; the shipped one is translated."""
        return self.services.templates.labels.newsletter_name(self.services.settings.newsletter.name, lang)

    def page(
        self, template: str, *, lang: Lang, status: int = 200, kept: Sequence[tuple[str, str]] = (), **values: object
    ) -> Response:
        """Return a page of one of the templates; `kept` stays in its address when the language is switched."""

        def label(msgid: str, **slots: object) -> str:
            return self.services.templates.labels.label(msgid, lang, **slots).text

        def marked(msgid: str, **slots: Markup) -> Markup:
            """A label with markup in its slots."""
            return escape(label(msgid, **{slot: f"{{{slot}}}" for slot in slots})).format(**slots)

        def lang_mark(other: str) -> Markup:
            return Markup(' lang="{}"').format(other) if other != lang else Markup()

        html = self.services.templates.render(
            f"web/{template}.html.j2",
            lang=lang,
            label=label,
            marked=marked,
            lang_mark=lang_mark,
            name=self.name(lang),
            publisher=self.services.settings.newsletter.publisher,
            contact=self.contact,
            accessibility=self.services.settings.web.accessibility_statement,
            band=self.band,
            path=self.path,
            languages=[
                (code, urlencode([("lang", code), *kept]), word) for code, word in PAGES.items() if code != lang
            ],
            **values,
        )
        return HTMLResponse(html, status_code=status, headers=_PAGE_HEADERS | {"Content-Language": lang})

    def stylesheet(self, _request: Request) -> Response:
        """The colours and measures of all pages."""
        css = self.services.templates.render("web/site.css.j2", theme=self.services.theme)
        headers = HEADERS | {"Cache-Control": "public, max-age=3600"}
        return Response(css, media_type="text/css", headers=headers)

    def try_again(self, request: Request) -> Response:
        """The page for a while in which the database cannot be used; it asks for nothing of it."""
        page = self.page("try-again", lang=self.lang(request), status=503, was_posted=request.method == "POST")
        page.headers["Retry-After"] = "30"
        return page

    def not_found(self, request: Request, _error: Exception | None = None) -> Response:
        """Return the page for an unknown address."""
        return self.page("not-found", lang=self.lang(request), status=404, newest=self._newest(), issue=None)

    def without_date(self, request: Request, issue: Edition) -> Response:
        """Return the page for a date that an issue does not have, or has no more."""
        return self.page("not-found", lang=self.lang(request), status=404, newest=None, issue=issue)

    def _newest(self) -> Edition | None:
        """The latest edition; none while the database is away, of which this page has no need."""
        try:
            return next(iter(self.services.editions.all()), None)
        except (DatabaseError, SQLAlchemyError):
            return None
