"""What the preview shows of an issue: every form of one variant, and what was found."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from mailer.bootstrap import Services
from mailer.compose.composed import ComposedIssue
from mailer.issue.model import Finding, Issue, Lang
from mailer.rendering.dates import write_date
from mailer.workspace.checking import check_issue
from mailer.workspace.desk import chosen_key, with_example_values

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

# What readers may set to light or dark, a frame cannot: so the media query itself is answered here.
_DARK_QUERY = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One variant of an issue as the preview shows it; without `issue` only the findings are there."""

    slug: str
    findings: tuple[Finding, ...]
    issue: Issue | None = None
    composed: ComposedIssue | None = None
    lists: tuple[str, ...] = ()
    lang: Lang | None = None
    content_hash: str = ""


def build_view(
    services: Services, slug: str, *, today: date, lists: Sequence[str] = (), lang: Lang | None = None
) -> View:
    """Read, check and compose an issue for a reader of these lists."""
    checked = check_issue(services, slug, today=today)
    if checked.issue is None:
        return View(slug=slug, findings=checked.findings)
    key = chosen_key(services, checked.issue, lists=lists, lang=lang)
    composed = services.composer.compose(checked.issue, key)
    return View(
        slug=slug,
        findings=checked.findings,
        issue=checked.issue,
        composed=composed,
        lists=tuple(lists),
        lang=lang,
        content_hash=services.composer.content_hash(checked.issue),
    )


def mail_html(services: Services, view: View, scheme: Scheme) -> str:
    """The mail as a reader with a light or a dark screen sees it."""
    if view.composed is None:
        return ""
    html = with_example_values(services, view.composed.html)
    return _DARK_QUERY.sub("@media all" if scheme == "dark" else "@media not all", html)


def mail_text(services: Services, view: View) -> str:
    """The plain-text part."""
    return with_example_values(services, view.composed.text) if view.composed else ""


def page_html(services: Services, view: View, *, addresses: dict[str, str], is_live: bool) -> str:
    """The page around the frames; `addresses` says where light, dark, text and pdf lie."""
    return services.templates.render(
        "web/preview.html.j2",
        view=view,
        addresses=addresses,
        is_live=is_live,
        size=len(view.composed.html.encode()) if view.composed else 0,
        places=services.publication.places,
        theme=services.theme,
        month=write_date(view.issue.published, view.issue.lang) if view.issue else "",
    )
