"""The issue as a web page: one file that needs no other, the same for every reader."""

from base64 import b64encode
from hashlib import sha256

from babel.lists import format_list
from markupsafe import Markup

from mailer.compose.composed import VariantKey
from mailer.compose.mail.inbox import name_of, preheader_of, subject_of
from mailer.compose.pictures.images import data_address, embedded_in_page, prepare_pictures
from mailer.compose.publication import Publication
from mailer.compose.text.characters import clean
from mailer.compose.text.vocabulary import MARKUP_FUNCTIONS, markup_labels, plain_labels
from mailer.compose.theme import Theme
from mailer.compose.view import build_view
from mailer.issue.lint.passages import minutes_to_read
from mailer.issue.model import Issue
from mailer.languages import LANGUAGES, Lang
from mailer.rendering.labels import Labels
from mailer.rendering.templates import Templates

_PAGE = "web/issue.html.j2"
_STYLE = "web/issue.css.j2"


def _languages(issue: Issue, labels: Labels) -> str:
    """Name the languages of an issue and its items: *på bokmål og på nynorsk*."""
    langs = dict.fromkeys([issue.lang, *(item.lang for item in issue.items)])
    names = [_in(each, issue.lang, labels) for each in langs]
    return format_list(names, locale=labels.lang_of("in nb", issue.lang))


def _in(lang: Lang, spoken: Lang, labels: Labels) -> str:
    msgid = f"in {lang}"
    return labels.label(msgid, spoken).text if labels.has(msgid, spoken) else LANGUAGES[lang].own_name


def compose_webpage(issue: Issue, *, templates: Templates, theme: Theme, publication: Publication) -> str:
    """The web version of an issue, in HTML. The same issue gives the same bytes."""
    labels = templates.labels
    view = build_view(issue, VariantKey(lang=issue.lang), labels=labels, publication=publication)
    pictures, _ = prepare_pictures(issue)
    style = clean(templates.render(_STYLE, theme=theme))
    text = templates.render(
        _PAGE,
        issue=issue,
        view=view,
        name=name_of(issue),
        subject=subject_of(issue),
        preheader=preheader_of(view, labels),
        minutes=minutes_to_read(view.words),
        languages=_languages(issue, labels),
        pages=publication.pages,
        style=Markup(style),  # noqa: S704 - our own rules; nothing of the issue stands in them
        # The source by which the page's own policy allows its one style block (CSP 3 §2.3.1).
        style_hash=f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}",
        theme=theme,
        logo_address=data_address(theme.logo) if theme.logo else "",
        source_of=embedded_in_page(pictures),
        label=markup_labels(labels, issue.lang),
        words=plain_labels(labels, issue.lang),
        **MARKUP_FUNCTIONS,
    )
    return clean(text)
