"""Support of mail programs for the CSS in a mail, by a dated table of tests (client_support.toml)."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mailer.catalogue import Message, msg
from mailer.issue.model import Finding, Severity

_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style>|\sstyle=(\"[^\"]*\"|'[^']*')", re.DOTALL | re.IGNORECASE)
_SAID: Mapping[str, Message] = {
    "CSS variables": msg("findings.css-variables"),
    "padding outside the cells of tables": msg("findings.padding-outside-cells"),
    "Gmail app with another provider's account": msg("findings.gmail-other-account"),
    "Gmail on the phone's web": msg("findings.gmail-phone-web"),
    "Outlook (all but macOS)": msg("findings.outlook-not-macos"),
    "Outlook for iOS and Android": msg("findings.outlook-phones"),
}
"""What the table names in English words; other names are the same in every language."""
_FOR_PHONES = re.compile(r"@media\s*\(max-width[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", re.IGNORECASE)
_FOR_WORD_ONLY = re.compile(r"<!--\[if mso.*?<!\[endif\]-->", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A feature of CSS that some programs lack; `lost` says how a mail that can do without looks then.

    `lost_on_phones` says so of rules for narrow screens alone.
    `is_of_tags`: its pattern is sought in tags with their style attributes, not in the styles alone.
    """

    name: str
    pattern: re.Pattern[str]
    without: tuple[str, ...]
    lost: str = ""
    lost_on_phones: str = ""
    is_of_tags: bool = False


@cache
def features() -> tuple[Feature, ...]:
    """The table."""
    table = tomllib.loads(files("mailer.compose.judging").joinpath("client_support.toml").read_text("utf-8"))
    return tuple(
        Feature(
            name=each["name"],
            pattern=re.compile(each["pattern"], re.IGNORECASE),
            without=tuple(each["without"]),
            lost=each.get("lost", ""),
            lost_on_phones=each.get("lost_on_phones", ""),
            is_of_tags=each.get("in") == "tags",
        )
        for each in table["feature"]
    )


def features_used(html: str) -> Iterator[Feature]:
    """The features that a mail's styles use and that some programs lack, in the order of the table.

    A feature that narrow screens alone can do without counts where it is used elsewhere.
    """
    shown = _FOR_WORD_ONLY.sub("", html)
    styles = "\n".join(match[1] or match[2] for match in _STYLE.finditer(shown))
    elsewhere = _FOR_PHONES.sub("", styles)

    def is_used(feature: Feature) -> bool:
        text = elsewhere if feature.lost_on_phones else styles
        return bool(feature.pattern.search(shown if feature.is_of_tags else text))

    return filter(is_used, features())


def client_support_findings(html: str) -> tuple[Finding, ...]:
    """A warning for each feature whose lack changes the mail."""
    return tuple(
        Finding(
            severity=Severity.WARNING,
            rule="client-support",
            message=msg(
                "findings.client-support",
                feature=_SAID.get(each.name, each.name),
                programs=tuple(_SAID.get(name, name) for name in each.without),
            ),
            file="issue.toml",
            hint=msg("findings.client-support-hint"),
        )
        for each in features_used(html)
        if not each.lost
    )
