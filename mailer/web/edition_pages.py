"""The stored editions, read-only: *Vis i nettleser*, the PDF, the text and the dates."""

import re

from starlette.requests import Request
from starlette.responses import Response

from mailer.issue.source import is_slug
from mailer.web.site import HEADERS, Site

_TYPES = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "txt": "text/plain; charset=utf-8",
    "ics": "text/calendar; charset=utf-8",
}
_FORM = re.compile(r"html|pdf|txt|ics|[0-9a-z]+\.ics")
# An edition is a page of its own that carries its style; it may be found, and kept for a while.
_HEADERS = HEADERS | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data: https:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "public, max-age=300",
}
del _HEADERS["X-Robots-Tag"]


class EditionPages:
    """The handlers of the editions."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def show(self, request: Request) -> Response:
        """The newest edition of an issue as a page, or as what its ending says: `/2023-12`, `/2023-12.pdf`."""
        slug, _, form = request.path_params["name"].partition(".")
        return self.site.not_found(request) if form == "html" else self._stored(request, slug, form or "html")

    def event(self, request: Request) -> Response:
        """One date of an issue: `/2023-12/kq7d.ics`; mails of before have numbers."""
        return self._stored(request, request.path_params["name"], request.path_params["event"])

    def _stored(self, request: Request, slug: str, form: str) -> Response:
        # What cannot be stored is not looked for: PostgreSQL refuses to compare some of what an address may hold.
        can_be_stored = is_slug(slug) and _FORM.fullmatch(form)
        edition = self.site.services.editions.latest(slug) if can_be_stored else None
        content = self.site.services.editions.read(edition.id, form) if edition else None
        if edition and content is None and form.endswith(".ics"):
            return self.site.without_date(request, edition)
        if edition is None or content is None:
            return self.site.not_found(request)
        tag = f'"{edition.content_hash}-{edition.id}"'
        headers = _HEADERS | {"ETag": tag, "Content-Language": edition.lang}
        if request.headers.get("If-None-Match") == tag:
            return Response(status_code=304, headers=headers)
        kind = _TYPES[form.rpartition(".")[2]]
        return Response(content, media_type=kind, headers=headers)
