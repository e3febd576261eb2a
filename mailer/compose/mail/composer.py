"""Composes one issue for one variant of its readers: subject, preheader, HTML and plain text."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from mailer.compose.composed import ComposedIssue, VariantKey
from mailer.compose.dated import date_findings
from mailer.compose.leads import lead_findings
from mailer.compose.mail.checks import check_composed, size_findings
from mailer.compose.mail.inbox import name_of, preheader_of, subject_of
from mailer.compose.mail.inline import inline_css
from mailer.compose.mail.layout import check_layout
from mailer.compose.mail.mjml import compile_mjml
from mailer.compose.pictures.images import SourceOf, embedded_in_message, linked_to, prepare_pictures
from mailer.compose.pictures.picture import Picture
from mailer.compose.publication import Helsefellesskap, Publication
from mailer.compose.slots import Slot
from mailer.compose.text.characters import clean
from mailer.compose.text.vocabulary import MARKUP_FUNCTIONS, TEXT_FUNCTIONS, markup_labels, plain_labels
from mailer.compose.theme import Theme
from mailer.compose.view import IssueView, build_view
from mailer.issue.model import Issue
from mailer.languages import LANGS, Lang
from mailer.rendering.templates import Templates

_MAIL = "email/issue.mjml.j2"
_TEXT = "text/issue.txt.j2"


def variant_key(issue: Issue, own: Iterable[str], *, lang: Lang, places: Sequence[Helsefellesskap]) -> VariantKey:
    """The variant for a reader of some lists: only what this issue has items about, in register order."""
    theirs = issue.helsefellesskap.intersection(own)
    return VariantKey(own=tuple(place.slug for place in places if place.slug in theirs), lang=lang)


class Composer:
    """Composes issues with one set of templates, one theme and one publication."""

    def __init__(self, templates: Templates, *, theme: Theme, publication: Publication) -> None:
        self._templates = templates
        self._theme = theme
        self._publication = publication
        # What comes with mailer is checked by its tests.
        self._layout_is_unknown = templates.is_overridden("email")
        self._logos = (theme.logo,) if theme.logo else ()
        self._css = templates.render("email/inline.css.j2", theme=theme, colours=theme.light)
        self._kept: tuple[Issue | None, dict[VariantKey, ComposedIssue]] = None, {}

    def compose(self, issue: Issue, key: VariantKey) -> ComposedIssue:
        """Compose one variant. The same issue and key give the same bytes; for the issue in hand they are kept."""
        kept_for, kept = self._kept
        if kept_for is not issue:
            kept = {}
            self._kept = issue, kept
        if key not in kept:
            kept[key] = self._compose(issue, key)
        return kept[key]

    def _compose(self, issue: Issue, key: VariantKey) -> ComposedIssue:
        labels = self._templates.labels
        view = build_view(issue, key, labels=labels, publication=self._publication, in_mail=True)
        pictures, picture_findings = prepare_pictures(issue)
        values = self._values(view, preheader_of(view, labels)) | {"source_of": self._source_of(issue, pictures)}
        words = plain_labels(labels, issue.lang)
        markup = {**values, "label": markup_labels(labels, issue.lang), "words": words, **MARKUP_FUNCTIONS}
        mjml = self._templates.render(_MAIL, **markup)
        if self._layout_is_unknown:
            check_layout(self._templates, _MAIL, markup)
            self._layout_is_unknown = False
        html = inline_css(compile_mjml(mjml, name=_MAIL), css=self._css)
        text = clean(self._templates.render(_TEXT, **values, label=words, **TEXT_FUNCTIONS))
        return ComposedIssue(
            key=key,
            subject=values["subject"],
            preheader=values["preheader"],
            html=html,
            text=text,
            mjml=mjml,
            lang=issue.lang,
            slots=check_composed(html, text, template=str(self._templates.path(_MAIL))),
            images=tuple(each for each in (*self._logos, *pictures.values()) if each.cid in html),
            findings=(
                *size_findings(html),
                *picture_findings,
                *date_findings(issue, view.dates),
                *lead_findings(issue, self._publication),
            ),
        )

    def variant_key(self, issue: Issue, own: Iterable[str], *, lang: Lang) -> VariantKey:
        """The variant for a reader of these lists and this language."""
        return variant_key(issue, own, lang=lang, places=self._publication.places)

    def covering_keys(self, issue: Issue) -> tuple[VariantKey, ...]:
        """Return the variants that stand for all there may be, with any subscribers.

        For readers of no list, of each helsefellesskap of the issue and of all of them, in every language.
        """
        every = self.variant_key(issue, issue.helsefellesskap, lang=issue.lang).own
        owns = dict.fromkeys([(), *((each,) for each in every), every])
        return tuple(VariantKey(own=own, lang=lang) for lang in LANGS for own in owns)

    def content_hash(self, issue: Issue) -> str:
        """Tell one text of an issue from another at little cost, for what shows it: the preview, and ETags.

        It covers the mail in the issue's language to a reader of no list and of all lists, and nothing of the sender,
        the PDF or the web page: what was tested, planned or sent is named by the edition hash.
        """
        digest = sha256()
        for own in ((), issue.helsefellesskap):
            composed = self.compose(issue, self.variant_key(issue, own, lang=issue.lang))
            for part in (composed.subject.encode(), composed.html.encode(), composed.text.encode()):
                digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def _source_of(self, issue: Issue, pictures: Mapping[str, Picture]) -> SourceOf:
        if self._publication.pictures == "embedded":
            return embedded_in_message(pictures)
        return linked_to(self._publication.pages, issue)

    def _values(self, view: IssueView, preheader: str) -> dict[str, Any]:
        """Return the values that both templates know."""
        return {
            "issue": view.issue,
            "view": view,
            "subject": subject_of(view.issue),
            "name": name_of(view.issue),
            "preheader": preheader,
            "theme": self._theme,
            "colours": self._theme.light,
            "dark": self._theme.dark,
            "pages": self._publication.pages,
            "slots": Slot,
            "service_lang": view.key.lang,
            "newsletter": self._templates.labels.newsletter_name(self._publication.name, view.key.lang),
        }
