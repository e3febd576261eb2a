"""Check the texts of the settings that readers see, at their places in config.toml."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailer.catalogue import Message, msg
from mailer.characters import name_of
from mailer.compose.pdf.glyph_findings import TextElsewhere
from mailer.config.hosts import is_loopback
from mailer.issue.markdown.characters import SOFT_HYPHEN, UNPRINTABLE
from mailer.issue.model import Finding, Severity
from mailer.issue.places import Places

if TYPE_CHECKING:
    from mailer.config.settings import Settings
    from mailer.usecases.needs import IssueServices

_PRINTED = ("publisher", "name")
_SEEN = (*_PRINTED, "from_name")
_INVISIBLE = re.compile(f"{UNPRINTABLE.pattern}|{SOFT_HYPHEN}")


def texts_elsewhere(services: "IssueServices") -> tuple[TextElsewhere, ...]:
    """Return the texts of the settings and the lists that the PDF prints."""
    names = " ".join(place.name for place in services.publication.places)
    settings = (each.text for each in _texts(services.settings) if each.key in _PRINTED)
    return (*settings, TextElsewhere(text=names, place=msg("issues.list-of-helsefellesskap")))


def invisible_characters(settings: "Settings") -> Iterator[Finding]:
    """A warning for each text of the settings that holds characters which cannot be seen, at the first of them."""
    places = Places(settings_source(settings), is_toml=True)
    for each in _texts(settings):
        if not (found := _INVISIBLE.findall(each.text.text)):
            continue
        first = found[0]
        line, column = places.of(first, near=each.text.line)
        yield Finding(
            severity=Severity.WARNING,
            rule="character",
            message=_message(each, found),
            file=each.text.file or settings.file.name,
            line=each.text.line,
            column=column if line == each.text.line else 0,
            hint=msg("issues.unprintable-hint"),
        )


def statement_findings(settings: "Settings") -> Iterator[Finding]:
    """A warning while real public pages have no accessibility statement; an address under .example is none of those."""
    web, line = settings.web, settings.origin("web", "base_url").rpartition(":")[2]
    host = (urlsplit(web.base_url).hostname or "").lower()
    if web.accessibility_statement or host.endswith(".example") or is_loopback(host):
        return
    yield Finding(
        severity=Severity.WARNING,
        rule="accessibility-statement",
        message=msg("findings.accessibility-statement"),
        file=settings.file.name,
        line=int(line) if line.isdecimal() else 0,
    )


def _message(text: "_SettingText", found: list[str]) -> Message:
    key, name, count, more = text.key, name_of(found[0]), len(found), len(found) - 1
    if text.text.file:
        return msg("issues.invisible-in-setting", key=key, count=count, character=name, more=more)
    place = text.text.place
    return msg("issues.invisible-in-setting-elsewhere", key=key, count=count, character=name, more=more, place=place)


def settings_source(settings: "Settings") -> str:
    """Return config.toml as it is now; empty when it cannot be read any more."""
    try:
        return settings.file.read_text("utf-8-sig")
    except (OSError, ValueError):
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _SettingText:
    key: str
    text: TextElsewhere


def _texts(settings: "Settings") -> Iterator[_SettingText]:
    for key in _SEEN:
        origin = settings.origin("newsletter", key)
        file, _, line = origin.rpartition(":")
        text = getattr(settings.newsletter, key)
        yield _SettingText(
            key=key,
            text=TextElsewhere(text=text, place=_place(origin), file=file, line=int(line) if file else 0),
        )


def _place(origin: str) -> str:
    return msg("issues.environment") if origin == "environment" else origin
