"""The page around the frames: its controls, what was found where, and what a broken file looks like."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time

from markupsafe import Markup

from mailer.bootstrap import Services
from mailer.catalogue import Message, msg
from mailer.compose.mail.checks import GMAIL_CLIPS_AT
from mailer.issue.catalogue import RULES
from mailer.issue.model import Finding, Severity
from mailer.languages import LANGS, LANGUAGES
from mailer.local.headers import hash_of
from mailer.local.speaking import speaking
from mailer.preview.choice import PreviewChoice
from mailer.preview.readers import PreviewReader, VariantCount
from mailer.preview.views import Look, View
from mailer.rendering.dates import write_date

LINES_AROUND = 3
SWITCHES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        msg("preview.form"),
        "part",
        (("mail", msg("preview.mail")), ("text", msg("preview.text")), ("web", msg("preview.web")), ("pdf", "PDF")),
    ),
    (
        msg("preview.source"),
        "part",
        (("mjml", "MJML"), ("html", "HTML"), ("headers", msg("preview.headers")), ("eml", msg("preview.raw"))),
    ),
    (
        msg("preview.screen"),
        "screen",
        (("desktop", msg("preview.desktop")), ("narrow", msg("preview.narrow")), ("phone", msg("preview.phone"))),
    ),
    (msg("preview.colours"), "colours", (("light", msg("preview.light")), ("dark", msg("preview.dark")))),
    (msg("preview.pictures"), "images", (("on", msg("preview.on")), ("off", msg("preview.off")))),
    (msg("preview.long-items"), "long", (("set", msg("preview.as-set")), ("both", msg("preview.both-forms")))),
)
"""The controls that are links: label, field of the choice, values with their labels."""

SEVERITIES = {
    Severity.ERROR: msg("preview.error"),
    Severity.WARNING: msg("preview.warning"),
    Severity.NOTE: msg("preview.note"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One of several that can be chosen."""

    label: str
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceGroup:
    """A row of options under one label."""

    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFindings:
    """The findings in one file, and where in the mail its item stands."""

    file: str
    title: str
    lang: str
    anchor: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A line of a file around a fault; `mark` is what stands below it when it is the faulty one."""

    number: int
    text: str
    is_fault: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LongForm:
    """One of the forms that long items may have, beside the other."""

    label: Message
    choice: PreviewChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything the template shows. `page_of` and `frame_of` give the address of a choice."""

    slug: str
    choice: PreviewChoice
    look: Look
    shown: View | None
    page_of: Callable[[PreviewChoice], str]
    frame_of: Callable[[PreviewChoice], str]
    is_live: bool
    server_id: str = ""
    saved: datetime | time | str = ""
    is_tested: bool = False
    source: str = ""
    lines: tuple[SourceLine, ...] = ()
    forms: tuple[LongForm, ...] = ()
    found: tuple[PreviewReader, ...] = ()
    variants: tuple[VariantCount, ...] = ()
    has_changes: bool = False
    rules: dict[str, object] = field(default_factory=lambda: dict(RULES))

    @property
    def groups(self) -> tuple[ChoiceGroup, ...]:
        """The controls that are links; what the shown form has no page for is left out."""
        frames = self.choice.part in {"mail", "web"}
        shown = [each for each in SWITCHES if frames or each[1] == "part"]
        shown = [each for each in shown if self.choice.part == "mail" or each[1] not in {"colours", "images", "long"}]
        shown = [each for each in shown if each[1] != "long" or self.forms]
        groups = (ChoiceGroup(label=label, options=tuple(self._options(name, values))) for label, name, values in shown)
        return tuple(group for group in groups if len(group.options) > 1)

    def _options(self, name: str, values: Iterable[tuple[str, str]]) -> Iterator[Option]:
        for value, words in values:
            if address := self.page_of(self.choice.but(**{name: value})):
                yield Option(label=words, address=address, chosen=getattr(self.choice, name) == value)

    def address_of(self, variant: VariantCount) -> str:
        """Return the page of another variant in the shown form, or of its mail."""
        choice = self.choice.but(list=",".join(variant.own), lang=variant.lang, reader=0)
        return self.page_of(choice) or self.page_of(choice.but(part="mail", images="on"))

    @property
    def part_label(self) -> str:
        """Return the name of the shown form."""
        forms = dict((*SWITCHES[0][2], *SWITCHES[1][2]))
        return forms[self.choice.part]

    @property
    def items(self) -> tuple[ItemFindings, ...]:
        """Return the findings by file, errors first and then in the order printed."""
        items = {item.file: item for item in (self.shown.issue.items if self.shown else ())}
        order = {file: number for number, file in enumerate(items)}
        ranked = sorted(
            self.look.findings, key=lambda each: (_rank(each), order.get(each.file, -1), each.line, each.column)
        )
        grouped: dict[str, list[Finding]] = {}
        for finding in ranked:
            grouped.setdefault(finding.file, []).append(finding)
        return tuple(
            ItemFindings(
                file=file,
                title=items[file].title if file in items else "",
                lang=items[file].lang if file in items else "",
                anchor=f"#sak-{items[file].number}" if file in items else "",
                findings=tuple(findings),
            )
            for file, findings in grouped.items()
        )

    @property
    def counts(self) -> dict[str, int]:
        """Return how many findings there are of each severity."""
        counts = Counter(finding.severity for finding in self.look.findings)
        return {str(severity): counts[severity] for severity in Severity}


def _rank(finding: Finding) -> int:
    return 0 if finding.severity is Severity.ERROR else 1


def long_forms(choice: PreviewChoice, view_of: Callable[[PreviewChoice], View | None]) -> tuple[LongForm, ...]:
    """Return both forms of an issue with long items, each with its size; none where they are the same."""
    choices = choice.but(long="whole"), choice.but(long="lead")
    lead = view_of(choices[1])
    whole = view_of(choices[0]) if lead and lead.left_out else None
    if not (whole and lead):
        return ()
    sizes = [kilobytes(len(each.composed.html.encode())) for each in (whole, lead)]
    labels = (
        msg("preview.whole-items", size=sizes[0]),
        msg("preview.leads-of-items", size=sizes[1], words=lead.left_out),
    )
    return tuple(LongForm(label=label, choice=each) for label, each in zip(labels, choices, strict=True))


def page_html(services: Services, page: Page) -> str:
    """The page as HTML."""
    return render_page(
        services,
        "web/preview.html.j2",
        page=page,
        places=services.publication.places,
        names={place.slug: place.short for place in services.publication.places},
        languages={lang: each.own_name for lang, each in LANGUAGES.items()},
        langs=LANGS,
        clip=GMAIL_CLIPS_AT,
        month=page_month(services, page.shown) if page.shown else "",
        severities=SEVERITIES,
        kilobytes=kilobytes,
    )


def page_month(services: Services, view: View) -> str:
    """Return when the issue comes out, in the language of the interface."""
    return write_date(view.issue.published, services.interface_lang)


def render_page(services: Services, template: str, **values: object) -> str:
    """Return a page in the language of the interface; `msg` and `render` write in it."""
    style = services.templates.render("web/preview.css.j2", theme=services.theme)
    return services.templates.render(
        template,
        **speaking(services),
        style=Markup(style),  # noqa: S704 our own rules; nothing of the issue stands in them
        **values,
    )


def kilobytes(size: int) -> Message:
    """Say a size in thousands of bytes."""
    return msg("preview.kilobytes", number=round(size / 1000))


def page_policy(services: Services) -> str:
    """The policy of the page: its own script and its one style block, nothing from elsewhere."""
    style = services.templates.render("web/preview.css.j2", theme=services.theme)
    return (
        f"default-src 'none'; style-src {hash_of(style)}; script-src 'self'; connect-src 'self'; frame-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def lines_around(text: str, line: int) -> tuple[SourceLine, ...]:
    """The lines of a file around a fault."""
    lines = text.split("\n")
    first = max(1, line - LINES_AROUND)
    return tuple(
        SourceLine(number=number, text=lines[number - 1], is_fault=number == line)
        for number in range(first, min(len(lines), line + LINES_AROUND) + 1)
    )


def time_of(moment: datetime) -> time:
    """Return the time of day, as a clock on this machine shows it."""
    return moment.astimezone().time()
