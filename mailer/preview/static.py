"""The preview as files: what an approver can open, or be mailed, without a server."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from markupsafe import Markup

from mailer.bootstrap import Services
from mailer.preview.changes import Change, changes_between
from mailer.preview.choice import COLOURS, IMAGES, PARTS, SCREENS, Choice
from mailer.preview.frames import mail_frame, with_links_out
from mailer.preview.latest import Latest
from mailer.preview.page import Page, page_html, time_of
from mailer.preview.views import Look, View, pdf_of, require_view, web_version
from mailer.workspace.desk import require_issue, write_files

TEXT, PDF, EML = "issue.txt", "issue.pdf", "issue.eml"
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:\">"
)


def write_preview(services: Services, slug: str, folder: Path, *, today: date) -> Path:
    """Write the preview of an issue and return its first page; raises `MailerError` when it cannot be composed.

    Where an earlier version lies in the folder, a page lists what has changed since.
    """
    require_issue(services, slug)
    look = Latest(services, slug, today=lambda: today).look(Choice())
    view = require_view(look)
    before = folder / TEXT
    old = before.read_text("utf-8", "replace") if before.is_file() else None
    changes = None if old is None else changes_between(old, view.text)
    files = dict(_pages(services, slug, look, view, has_changes=changes is not None)) | dict(_frames(services, view))
    if changes is not None:
        files["changes.html"] = _changes_page(services, slug, changes).encode()
    files |= {TEXT: view.text.encode(), PDF: pdf_of(services, view), EML: view.eml}
    index, *_ = write_files(folder, files)
    return index.file


def page_name(choice: Choice) -> str:
    """The file of the page of a choice; the usual one comes first."""
    if choice.part in {"mail", "web"}:
        unusual = [choice.part if choice.part != "mail" else "", *_unusual(choice)]
        return "-".join(filter(None, unusual)) + ".html" if any(unusual) else "index.html"
    return f"{choice.part}.html"


def _unusual(choice: Choice) -> Iterator[str]:
    yield choice.screen if choice.screen != "desktop" else ""
    if choice.part == "mail":
        yield choice.colours if choice.colours != "light" else ""
        yield "no-pictures" if choice.images == "off" else ""


def frame_name(choice: Choice) -> str:
    """The file that a frame shows."""
    if choice.part == "pdf":
        return PDF
    if choice.part == "web":
        return "frames/web.html"
    return f"frames/mail-{choice.colours}{'-no-pictures' if choice.images == 'off' else ''}.html"


def _choices() -> Iterator[Choice]:
    for part in PARTS:
        for screen in SCREENS if part in {"mail", "web"} else SCREENS[:1]:
            for colours in COLOURS if part == "mail" else COLOURS[:1]:
                for images in IMAGES if part == "mail" else IMAGES[:1]:
                    yield Choice(part=part, screen=screen, colours=colours, images=images)


def _pages(services: Services, slug: str, look: Look, view: View, *, has_changes: bool) -> Iterator[tuple[str, bytes]]:
    for choice in _choices():
        page = Page(
            slug=slug,
            choice=choice,
            look=look,
            shown=view,
            page_of=page_name,
            frame_of=frame_name,
            is_live=False,
            saved=time_of(services.clock()),
            source=view.source(choice.part),
            has_changes=has_changes,
        )
        yield page_name(choice), page_html(services, page).encode()


def _frames(services: Services, view: View) -> Iterator[tuple[str, bytes]]:
    for choice in _choices():
        if choice.part == "mail":
            html = mail_frame(view, choice).replace("<head>", f"<head>{_POLICY}", 1)
            yield frame_name(choice), html.encode()
    yield "frames/web.html", with_links_out(web_version(services, view)).encode()


def _changes_page(services: Services, slug: str, changes: tuple[Change, ...]) -> str:
    style = services.templates.render("web/preview.css.j2", theme=services.theme)
    return services.templates.render(
        "web/changes.html.j2",
        slug=slug,
        changes=changes,
        style=Markup(style),  # noqa: S704 our own rules; nothing of the issue stands in them
    )
