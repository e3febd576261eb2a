"""Composes one issue for one variant of its readers: subject, preheader, HTML and plain text."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any

from markupsafe import Markup

from mailer.compose.characters import clean
from mailer.compose.checks import check_composed, size_findings
from mailer.compose.composed import ComposedIssue, VariantKey
from mailer.compose.excerpts import images_of, split_lead_in
from mailer.compose.inbox import preheader_of, subject_of
from mailer.compose.inline import inline_css
from mailer.compose.markup import inline_html, lang_mark, link_html, unbroken
from mailer.compose.mjml import compile_mjml
from mailer.compose.plaintext import blocks_text, date_line, inline_text, underline, wrap
from mailer.compose.publication import Place, Publication
from mailer.compose.slots import Slot
from mailer.compose.theme import Theme
from mailer.compose.view import IssueView, build_view
from mailer.issue.model import Block, Finding, Issue, Lang, Severity
from mailer.rendering.labels import Labels
from mailer.rendering.templates import Templates

_MAIL = "email/issue.mjml.j2"
_TEXT = "text/issue.txt.j2"


def variant_key(issue: Issue, own: Iterable[str], *, lang: Lang, places: Sequence[Place]) -> VariantKey:
    """The variant for a reader of some lists: only what this issue has items about, in register order."""
    theirs = issue.helsefellesskap.intersection(own)
    return VariantKey(own=tuple(place.slug for place in places if place.slug in theirs), lang=lang)


class Composer:
    """Composes issues with one set of templates, one theme and one publication."""

    def __init__(self, templates: Templates, *, theme: Theme, publication: Publication) -> None:
        self._templates = templates
        self._theme = theme
        self._publication = publication
        self._css = templates.render("email/inline.css.j2", theme=theme, colours=theme.light)

    def compose(self, issue: Issue, key: VariantKey) -> ComposedIssue:
        """Compose one variant. The same issue and key give the same bytes."""
        labels = self._templates.labels
        view = build_view(issue, key, labels=labels, publication=self._publication)
        values = self._values(view, preheader_of(view, labels))
        mjml = self._templates.render(_MAIL, **values, label=_markup_labels(labels, issue.lang), **_MARKUP_FUNCTIONS)
        html = inline_css(compile_mjml(mjml, name=_MAIL), css=self._css)
        text = clean(
            self._templates.render(_TEXT, **values, label=_plain_labels(labels, issue.lang), **_TEXT_FUNCTIONS)
        )
        return ComposedIssue(
            key=key,
            subject=values["subject"],
            preheader=values["preheader"],
            html=html,
            text=text,
            mjml=mjml,
            lang=issue.lang,
            slots=check_composed(html, text, template=str(self._templates.path(_MAIL))),
            findings=(*size_findings(html), *_image_findings(issue)),
        )

    def variant_key(self, issue: Issue, own: Iterable[str], *, lang: Lang) -> VariantKey:
        """The variant for a reader of these lists and this language."""
        return variant_key(issue, own, lang=lang, places=self._publication.places)

    def content_hash(self, issue: Issue) -> str:
        """What tells one content from another: hash of the issue as a reader of no list and of all lists sees it."""
        digest = sha256()
        for own in ((), issue.helsefellesskap):
            composed = self.compose(issue, self.variant_key(issue, own, lang=issue.lang))
            for part in (composed.subject.encode(), composed.html.encode(), composed.text.encode()):
                digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def _values(self, view: IssueView, preheader: str) -> dict[str, Any]:
        """What both templates know."""
        return {
            "issue": view.issue,
            "view": view,
            "subject": subject_of(view.issue),
            "preheader": preheader,
            "theme": self._theme,
            "colours": self._theme.light,
            "dark": self._theme.dark,
            "pages": self._publication.pages,
            "slots": Slot,
            "service_lang": view.key.lang,
        }


def _block_kind(block: Block) -> str:
    return type(block).__name__.lower()


_MARKUP_FUNCTIONS: dict[str, Callable[..., object]] = {
    "html": inline_html,
    "unbroken": unbroken,
    "lang_mark": lang_mark,
    "link_html": link_html,
    "split_lead_in": split_lead_in,
    "kind_of": _block_kind,
}
_TEXT_FUNCTIONS: dict[str, Callable[..., object]] = {
    "blocks": blocks_text,
    "inline": inline_text,
    "wrap": wrap,
    "underline": underline,
    "date_line": date_line,
}


def _markup_labels(labels: Labels, issue_lang: Lang) -> Callable[..., Markup]:
    """Labels for HTML: words that are in another language than the text around them say so."""

    def label(msgid: str, lang: Lang = issue_lang, around: Lang = issue_lang, **values: object) -> Markup:
        found = labels.label(msgid, lang, **values)
        if found.lang == around:
            return unbroken(found.text)
        return Markup('<span lang="{}">{}</span>').format(found.lang, unbroken(found.text))

    return label


def _plain_labels(labels: Labels, issue_lang: Lang) -> Callable[..., str]:
    def label(msgid: str, lang: Lang = issue_lang, **values: object) -> str:
        return labels.label(msgid, lang, **values).text

    return label


def _image_findings(issue: Issue) -> tuple[Finding, ...]:
    """The mail shows a picture's description in its place, as every reader sees it who has pictures switched off."""
    return tuple(
        Finding(
            severity=Severity.NOTE,
            rule="image-as-text",
            message=f"The picture {image.path} is shown as its description; the mail holds no pictures yet.",
            file=item.file,
            line=image.line,
        )
        for item in issue.items
        for image in images_of(item)
    )
