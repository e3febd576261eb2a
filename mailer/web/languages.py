"""The languages of the pages, and which of them a browser asks for."""

from collections.abc import Mapping

from mailer.languages import LANGUAGES, Lang

PAGES: Mapping[Lang, str] = {lang: each.own_name for lang, each in LANGUAGES.items() if each.has_pages}
_LANG_OF: Mapping[str, Lang] = {tag: lang for lang, each in LANGUAGES.items() for tag in each.tags_of_browsers}


def accepted(header: str) -> list[str]:
    """The languages of an Accept-Language header (RFC 9110, 12.5.4), the most wanted first; Norwegian is bokmål."""
    wanted = [_read_range(each) for each in header.split(",")]
    ordered = sorted(wanted, key=lambda each: each[1], reverse=True)
    return [_LANG_OF.get(lang, lang) for lang, weight in ordered if weight > 0]


def _read_range(text: str) -> tuple[str, float]:
    lang, _, weight = text.partition(";")
    return lang.strip().partition("-")[0].lower(), _read_weight(weight)


def _read_weight(text: str) -> float:
    name, _, value = text.replace(" ", "").partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0
