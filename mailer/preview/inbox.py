"""The inbox of `mailer catch`: what was caught, each mail as HTML, as text and as source, on this machine only."""

from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import partial
from pathlib import Path
from secrets import token_urlsafe

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailer.bootstrap import Services
from mailer.catalogue import Lang, msg, render
from mailer.local.access import SECRET_BYTES
from mailer.local.headers import policy_header
from mailer.preview.frames import FRAME_POLICY, with_links_out
from mailer.preview.page import page_policy, render_page
from mailer.preview.server import no_picture, polls, script_routes
from mailer.preview.watching import saved_events, watched_at

SHOWN_AT_MOST = 200
PARTS = (("html", "HTML"), ("text", msg("preview.text")), ("source", msg("preview.source")))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtMail:
    """A mail in the list; `name` is that of its file, `clock` its date in short."""

    name: str
    to: str
    sender: str
    subject: str
    date: str
    clock: str


class Inbox:
    """The pages of a Maildir, newest mail first. Nothing is moved or marked."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services = services
        self.folder = folder
        self.server_id = token_urlsafe(SECRET_BYTES)
        """What the page knows its server by."""

    def application(self) -> Starlette:
        """The pages, for a guard to stand before; their links are relative, so that they may lie below any path."""
        routes = [
            Route("/", self.page),
            Route("/frame", self.frame),
            Route("/saved", self.saved),
            *script_routes(lambda: self.services),
            Route("/favicon.ico", no_picture),
        ]
        application = Starlette(routes=routes)
        application.router.redirect_slashes = False
        return application

    def page(self, request: Request) -> Response:
        """The list of mails and the one that is chosen."""
        files = self._files()
        asked = files.get(request.query_params.get("mail", ""))
        chosen = asked or next(iter(files.values()), None)
        part = next((each for each, _ in PARTS if each == request.query_params.get("part")), "html")
        message, lang = _read(chosen) if chosen else None, self.services.interface_lang
        html = render_page(
            self.services,
            "web/inbox.html.j2",
            server_id=self.server_id,
            mails=[_listed(path, lang) for path in list(files.values())[:SHOWN_AT_MOST]],
            number=len(files),
            chosen=_listed(chosen, lang) if chosen else None,
            place=len(files) - list(files).index(chosen.name) if chosen else 0,
            is_asked=asked is not None,
            part=part,
            parts=PARTS,
            source=_source(chosen, message, part) if chosen and message else "",
            folder=f"{self.folder.parent.name}/{self.folder.name}",
        )
        return HTMLResponse(html, headers=policy_header(page_policy(self.services)))

    def frame(self, request: Request) -> Response:
        """The HTML part of a mail."""
        path = self._files().get(request.query_params.get("mail", ""))
        html = _content(_read(path), "html") if path else ""
        return HTMLResponse(with_links_out(html), headers=policy_header(FRAME_POLICY.format(images="data:")))

    def saved(self, _request: Request) -> Response:
        """Tell the page when a mail came."""
        watched = partial(watched_at, [self.folder / "new"], polls=polls(self.services))
        return saved_events(watched, server_id=self.server_id)

    def _files(self) -> dict[str, Path]:
        """The mails by file name, newest first: only names that are there can be asked for."""
        paths = sorted((self.folder / "new").glob("*"), key=lambda path: path.name, reverse=True)
        return {path.name: path for path in paths if path.is_file()}


def _read(path: Path) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(path.read_bytes())


def _listed(path: Path, lang: Lang) -> CaughtMail:
    with path.open("rb") as file:
        message = BytesParser(policy=policy.default).parse(file, headersonly=True)
    date, clock = _when(message["Date"], lang)
    return CaughtMail(
        name=path.name,
        to=str(message["Delivered-To"] or message["To"] or ""),
        sender=str(message["From"] or ""),
        subject=str(message["Subject"] or ""),
        date=date,
        clock=clock,
    )


def _when(date: object, lang: Lang) -> tuple[str, str]:
    """Return when a mail was sent by the clock of this machine, also in short; as written where that is no date."""
    moment = getattr(date, "datetime", None)
    if moment is None:
        return str(date or ""), ""
    clock = f"{moment.astimezone():%d.%m. %H:%M}" if lang == "en" else f"{moment.astimezone():%d.%m. %H.%M}"
    return render(msg("output.value", value=moment), lang), clock


def _source(path: Path, message: EmailMessage, part: str) -> str:
    if part == "source":
        return path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    return _content(message, "plain") if part == "text" else ""


def _content(message: EmailMessage, kind: str) -> str:
    """The words of the first part of a kind."""
    return next(_contents(message, f"text/{kind}"), "")


def _contents(message: EmailMessage, media_type: str) -> Iterator[str]:
    for part in message.walk():
        if part.get_content_type() == media_type:
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                yield payload.decode("utf-8", "replace")
