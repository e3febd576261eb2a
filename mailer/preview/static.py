"""The preview as files: what an approver can open, or be mailed, without a server."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mailer.bootstrap import Services
from mailer.languages import NORWEGIAN
from mailer.preview.changes import WordChange, changes_between
from mailer.preview.choice import COLOURS, IMAGES, PARTS, SCREENS, PreviewChoice
from mailer.preview.folder import write_folder
from mailer.preview.frames import mail_frame, with_links_out
from mailer.preview.latest import Latest
from mailer.preview.mailable import mailable_file, write_mailable
from mailer.preview.page import Page, page_html, render_page
from mailer.preview.readers import VariantCount
from mailer.preview.views import Look, View, pdf_of, require_view, web_version
from mailer.usecases.reading import require_issue

TEXT, PDF, EML, WORDS = "issue.txt", "issue.pdf", "issue.eml", "words.txt"
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:\">"
)


def write_preview(services: Services, slug: str, folder: Path, *, today: date) -> Path:
    """Write the preview of an issue and return its first page; raises `MailerError` when it cannot be composed.

    Beside the folder lies `mailable_file` with the same for a reader, which can be mailed. Where an earlier version
    lies in the folder, a page lists what has changed since.
    """
    require_issue(services, slug)
    latest = Latest(services, slug, today=lambda: today)
    look = latest.look(PreviewChoice())
    view, mailable = require_view(look), mailable_file(folder)
    before, words = folder / WORDS, _words(view)
    old = before.read_text("utf-8", "replace") if before.is_file() else None
    changes = None if old is None else changes_between(old, words)
    files = _Files(services=services, latest=latest, look=look, variants=_variants(latest, view))
    written = dict(files.pages(has_changes=changes is not None)) | dict(files.frames())
    if changes is not None:
        written["changes.html"] = _changes_page(services, view, changes).encode()
    pdf = pdf_of(services, view)
    written |= {WORDS: words.encode(), TEXT: view.text.encode(), PDF: pdf, EML: view.eml}
    index = write_folder(folder, written)
    web = web_version(services, view)
    write_mailable(services, mailable, views=files.views(), web=web, pdf=pdf, changes=changes)
    return index


def _words(view: View) -> str:
    """Return the words that the next version is compared with: all that a reader reads, in the inbox too."""
    return f"{view.composed.subject}\n\n{view.composed.preheader}\n\n{view.text}"


def _variants(latest: Latest, view: View) -> tuple[VariantCount, ...]:
    """Return the variants that have recipients, the example reader's first; without recipients, all there may be."""
    issue, own = view.issue, view.composed.key
    variants = latest.readers.variants(issue) or tuple(
        VariantCount(own=each, lang=lang, recipients=0)
        for lang in sorted(NORWEGIAN, key=lambda lang: lang != issue.lang)
        for each in ((), *((slug,) for slug in issue.helsefellesskap))
    )
    usual = [each for each in variants if each.is_for(own)] or [VariantCount(own=own.own, lang=own.lang, recipients=0)]
    return (*usual, *(each for each in variants if not each.is_for(own)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """The pages and frames, whose names say which variant they show: `variant-2-phone.html`, the first without."""

    services: Services
    latest: Latest
    look: Look
    variants: tuple[VariantCount, ...]

    def pages(self, *, has_changes: bool) -> Iterator[tuple[str, bytes]]:
        """Yield the pages; of all but the first variant only the mail and its text, for the rest is nearly the same."""
        for choice in self._choices():
            view = self._view(choice)
            page = Page(
                slug=self.latest.slug,
                choice=choice,
                look=self.look,
                shown=view,
                page_of=self.page_name,
                frame_of=self.frame_name,
                is_live=False,
                saved=self.services.clock(),
                source=view.source(choice.part),
                variants=self.variants,
                has_changes=has_changes,
            )
            yield self.page_name(choice), page_html(self.services, page).encode()

    def frames(self) -> Iterator[tuple[str, bytes]]:
        """Yield the contents of the pages' frames, each once."""
        for choice in self._choices():
            if choice.part == "mail" and choice.screen == "desktop":
                html = mail_frame(self._view(choice), choice)
                yield self.frame_name(choice), html.replace("<head>", f"<head>{_POLICY}", 1).encode()
        web = web_version(self.services, require_view(self.look))
        yield "frames/web.html", with_links_out(web).encode()

    def views(self) -> Iterator[tuple[VariantCount, View]]:
        """Yield the mail of each variant, that of the first page first."""
        for number, each in enumerate(self.variants):
            choice = PreviewChoice(list=",".join(each.own), lang=each.lang) if number else PreviewChoice()
            yield each, self._view(choice)

    def _view(self, choice: PreviewChoice) -> View:
        return self.latest.view(choice) or require_view(self.look)

    def page_name(self, choice: PreviewChoice) -> str:
        """The file of the page of a choice, "" when there is none."""
        number = self._number(choice)
        if choice.part in {"web", "pdf"}:
            number = 0
        elif number and (choice.part not in {"mail", "text"} or choice.images == "off"):
            return ""
        name = "-".join(filter(None, (f"variant-{number + 1}" if number else "", *_unusual(choice))))
        return f"{name or 'index'}.html"

    def frame_name(self, choice: PreviewChoice) -> str:
        """The file that a frame shows."""
        if choice.part == "pdf":
            return PDF
        if choice.part == "web":
            return "frames/web.html"
        number = self._number(choice)
        name = "-".join(filter(None, ("mail", choice.colours, "no-pictures" if choice.images == "off" else "")))
        return f"frames/{name}{f'-{number + 1}' if number else ''}.html"

    def _number(self, choice: PreviewChoice) -> int:
        """Return the number of the variant that a choice is of."""
        wanted = (choice.list, choice.lang)
        places = (number for number, each in enumerate(self.variants) if (",".join(each.own), each.lang) == wanted)
        return next(places, 0)

    def _choices(self) -> Iterator[PreviewChoice]:
        readers = (
            PreviewChoice(),
            *(PreviewChoice(list=",".join(each.own), lang=each.lang) for each in self.variants[1:]),
        )
        for reader in readers:
            for form in _forms():
                choice = form.but(list=reader.list, lang=reader.lang)
                if reader == PreviewChoice() or (form.part in {"mail", "text"} and self.page_name(choice)):
                    yield choice


def _unusual(choice: PreviewChoice) -> Iterator[str]:
    """Yield the parts of a choice that differ from the first page."""
    yield choice.part if choice.part != "mail" else ""
    if choice.part in {"mail", "web"}:
        yield choice.screen if choice.screen != "desktop" else ""
    if choice.part == "mail":
        yield choice.colours if choice.colours != "light" else ""
        yield "no-pictures" if choice.images == "off" else ""


def _forms() -> Iterator[PreviewChoice]:
    for part in PARTS:
        for screen in SCREENS if part in {"mail", "web"} else SCREENS[:1]:
            for colours in COLOURS if part == "mail" else COLOURS[:1]:
                for images in IMAGES if part == "mail" else IMAGES[:1]:
                    yield PreviewChoice(part=part, screen=screen, colours=colours, images=images)


def _changes_page(services: Services, view: View, changes: tuple[WordChange, ...]) -> str:
    return render_page(
        services, "web/changes.html.j2", slug=view.issue.slug, changes=changes, issue_lang=view.composed.key.lang
    )
