"""The preview as one file beside its folder: a page that is mailed to an approver and opened from the disk."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from mailer.bootstrap import Services
from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.languages import LANGUAGES
from mailer.preview.changes import WordChange
from mailer.preview.choice import COLOURS, PreviewChoice
from mailer.preview.frames import mail_frame, with_links_out
from mailer.preview.page import kilobytes, page_month, render_page
from mailer.preview.readers import VariantCount
from mailer.preview.views import View
from mailer.usecases.desk import write_files

MOST_BYTES = 3_000_000
"""The most that the file has, unless its first variant alone has more: mailboxes take some 25 MB, patience less."""
SIGN = '<meta name="generator" content="mailer preview">'
_SIGN_WITHIN = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MailedVariant:
    """The mail to the readers of one variant, as frames show it on a light and on a dark screen."""

    count: VariantCount
    frames: tuple[tuple[str, Markup], ...]

    @property
    def size(self) -> int:
        """Return how many bytes its frames have."""
        return sum(len(html.encode()) for _, html in self.frames)


def mailable_file(folder: Path) -> Path:
    """Return the file beside a folder, of the same name; raises `MailerError` where mailer did not write it."""
    whole = folder.resolve()
    file = whole.with_name(f"{whole.name}.html")
    if file.exists() and not (file.is_file() and SIGN in file.read_text("utf-8", "replace")[:_SIGN_WITHIN]):
        raise MailerError(msg("preview.file-of-others"), where=str(file), hint=msg("sending.name-another-folder"))
    return file


def write_mailable(
    services: Services,
    file: Path,
    *,
    views: Iterable[tuple[VariantCount, View]],
    web: str,
    pdf: bytes,
    changes: tuple[WordChange, ...] | None,
) -> None:
    """Write the issue to the readers of the first variant, and of as many others as there is room for."""
    (first, view), *others = views
    shown, left_out = [_mailed(first, view)], len(others)

    def page() -> bytes:
        return render_page(
            services,
            "web/mailable.html.j2",
            view=view,
            month=page_month(services, view),
            variants=shown,
            left_out=left_out,
            web=_in_frame(with_links_out(web)),
            pdf=f"data:application/pdf;base64,{b64encode(pdf).decode()}",
            pdf_kilobytes=kilobytes(len(pdf)),
            names={place.slug: place.short for place in services.publication.places},
            languages={lang: each.own_name for lang, each in LANGUAGES.items()},
            changes=changes,
            issue_lang=view.composed.key.lang,
            saved=services.clock(),
        ).encode()

    room = MOST_BYTES - len(page())
    for count, other in others:
        mailed = _mailed(count, other)
        room -= mailed.size + _AROUND
        if room < 0:
            break
        shown.append(mailed)
        left_out -= 1
    write_files(file.parent, {file.name: page()})


_AROUND = 2_000
"""More bytes than a page has around the frames of a variant."""


def _mailed(count: VariantCount, view: View) -> MailedVariant:
    return MailedVariant(count=count, frames=tuple(_frames(view)))


def _frames(view: View) -> Iterator[tuple[str, Markup]]:
    for colours in COLOURS:
        yield colours, _in_frame(mail_frame(view, PreviewChoice(colours=colours)))


def _in_frame(html: str) -> Markup:
    """Return a page as the value of `srcdoc`, where links inside the page need to be told which page that is."""
    page = html.replace("<head>", '<head><base href="about:srcdoc">', 1)
    return Markup(page.replace("&", "&amp;").replace('"', "&quot;"))  # noqa: S704 - as an attribute in quotes wants it
