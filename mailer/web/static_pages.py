"""Small pages that every mail links to: the stored editions, how to subscribe, and the data stored about a reader."""

from starlette.requests import Request
from starlette.responses import Response

from mailer.rendering.dates import write_day
from mailer.web.site import Site


class StaticPages:
    """The handlers of pages that look the same to every reader."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def archive(self, request: Request) -> Response:
        """The stored editions, the newest first."""
        lang = self.site.lang(request)
        editions = [
            (each, write_day(each.sent_at.astimezone().date(), lang)) for each in self.site.services.editions.all()
        ]
        return self.site.page("archive", lang=lang, editions=editions)

    def subscribe(self, request: Request) -> Response:
        """Return the page about subscribing: by writing to the editors."""
        return self.site.page("subscribe", lang=self.site.lang(request))

    def privacy(self, request: Request) -> Response:
        """Return the page about the data stored, the reasons, and whom to ask."""
        return self.site.page("privacy", lang=self.site.lang(request))
