"""`mailer new`: the next issue, with what stands from issue to issue taken from the last."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from mailer.errors import MailerError
from mailer.issue.example import example_item
from mailer.issue.fields import parse_date
from mailer.issue.frame import FRAME, parse_frame
from mailer.issue.model import Issue, Precision, Severity
from mailer.issue.source import IMAGES, ITEMS, find_issue, is_slug, issue_slugs
from mailer.languages import DEFAULT_LANG, Lang

_LIKE_A_DATE = re.compile(r"\d{4}-\d{1,2}(?:-\d{1,2})?(?![^-])")
_MONTH = "januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember"
_NAMED_DATE = re.compile(
    rf"\b(?:\d{{1,2}}\.\d{{1,2}}\.\d{{2,4}}|(?:\d{{1,2}}\. ?)?(?:{_MONTH})\b(?: \d{{4}})?)", re.IGNORECASE
)


def new_issue(
    issues_folder: Path,
    slug: str,
    *,
    today: date,
    template_from: str | None = None,
    title: str = "Nyhetsbrev for helsefellesskap",
    lang: Lang = DEFAULT_LANG,
    announce: Callable[[str], object] = lambda _: None,
) -> Path:
    """Write the frame and one example item of a new issue and return its folder.

    It follows the issue `template_from`, or the latest one; `title` and `lang` serve when there is none. What was taken
    over and is to be changed is announced.
    """
    folder = issues_folder / slug
    _require_name(slug, issues_folder)
    if folder.exists():
        raise MailerError(f'there is already an issue "{slug}"', where=str(folder), hint="Name another one.")
    last = _last(issues_folder, template_from)
    frame = _followed(last, slug, today) if last else _begun(slug, today, title=title, lang=lang)
    name, heading, words = example_item(last.issue.lang if last else lang)
    (folder / ITEMS).mkdir(parents=True)
    (folder / FRAME).write_text(frame, encoding="utf-8", newline="\n")
    item = f'+++\ntitle = "{heading}"\n{_ITEM_COMMENTS}+++\n\n{words}\n'
    (folder / ITEMS / f"010-{name}.md").write_text(item, encoding="utf-8", newline="\n")
    if last and last.intro:
        announce(f"The introduction in {FRAME} is that of {last.slug}. Put it right{last.dates_in_intro}.")
    return folder


def _require_name(slug: str, issues_folder: Path) -> None:
    """Refuse a text that cannot name an issue, or that begins with a date in no calendar."""
    dated = _LIKE_A_DATE.match(slug)
    if not is_slug(slug):
        hint = "Use small letters, digits and hyphens, best the year and month: 2024-02."
        raise MailerError(f'"{slug}" cannot name an issue', where=str(issues_folder), hint=hint)
    if dated and parse_date(dated[0]) is None:
        hint = "Write year and month with two digits, 01 to 12, such as 2024-02, or a day such as 2024-02-07."
        raise MailerError(f'"{slug}" begins as a date that is in no calendar', where=str(issues_folder), hint=hint)


class _Last:
    """The issue that the new one follows: its values as written, and as read."""

    def __init__(self, folder: Path) -> None:
        text = (folder / FRAME).read_text(encoding="utf-8-sig")
        images = [f"{IMAGES}/{file.name}" for file in folder.glob(f"{IMAGES}/*")]
        frame, findings = parse_frame(text, file=FRAME, slug=folder.name, publisher="", known=(), images=images)
        if frame is None or any(finding.severity is Severity.ERROR for finding in findings):
            hint = f"Put it right (mailer check {folder.name}), or name another issue with --from."
            raise MailerError("the issue to begin from has errors", where=str(folder / FRAME), hint=hint)
        self.slug = folder.name
        self.issue: Issue = frame.issue
        self.values: Mapping[str, Any] = tomllib.loads(text)
        self.intro = str(self.values.get("intro", "")).strip()

    @property
    def dates_in_intro(self) -> str:
        """The dates that the introduction names, as the end of a sentence."""
        dates = dict.fromkeys(match[0] for match in _NAMED_DATE.finditer(self.intro))
        return f", with its dates: {', '.join(dates)}" if dates else ""


def _last(issues_folder: Path, wanted: str | None) -> _Last | None:
    slug = wanted or next(reversed(issue_slugs(issues_folder)), None)
    return _Last(find_issue(issues_folder, slug)) if slug else None


def _followed(last: _Last, slug: str, today: date) -> str:
    issue = last.issue
    promised = issue.next_issue.start if issue.next_issue else None
    exact = issue.next_issue is not None and issue.next_issue.precision is Precision.DAY
    lines = [
        f"# The issue after {last.slug}: frame, sections and standing links come from there.",
        *_HEAD_COMMENTS,
        f"title = {toml_text(issue.title)}",
        *([f"number = {issue.number + 1}"] if issue.number else []),
        f"date = {_date(slug, promised=promised, exact=exact, today=today)}",
        f'lang = "{issue.lang}"',
        *_PREHEADER,
        "",
        f"# The introduction of {last.slug}: put it right{last.dates_in_intro}.",
        f'intro = """\n{toml_lines(last.intro)}\n"""',
        *_NEXT_DATES,
        *([f"contact = {_value(last.values['contact'])}"] if "contact" in last.values else []),
    ]
    sections = [_table("sections", _without(each, "items")) for each in last.values.get("sections", [])]
    groups = [text for each in last.values.get("link_groups", []) for text in _group("link_groups", each)]
    return "\n".join([*lines, "", *(sections or [_SECTION_EXAMPLE]), *groups])


def _begun(slug: str, today: date, *, title: str, lang: Lang) -> str:
    lines = [
        *_HEAD_COMMENTS,
        f"title = {toml_text(title)}",
        f"date = {_date(slug, promised=None, exact=False, today=today)}",
        f'lang = "{lang}"',
        *_PREHEADER,
        'intro = """\n"""',
        *_NEXT_DATES,
        '# contact = "editor@example.org"',
    ]
    return "\n".join([*lines, "", _SECTION_EXAMPLE])


def _date(slug: str, *, promised: date | None, exact: bool, today: date) -> str:
    """Return the day promised if it agrees with the slug, or the month in the slug, or the current month."""
    named = parse_date(slug)
    if promised and (named is None or (named[0].year, named[0].month) == (promised.year, promised.month)):
        return promised.isoformat() if exact else f'"{promised:%Y-%m}"'
    if named and named[1] is Precision.DAY:
        return named[0].isoformat()
    return f'"{(named[0] if named else today):%Y-%m}"'


def _group(key: str, values: Mapping[str, Any]) -> Iterable[str]:
    """A standing group with its entries; one about past events keeps its title alone, as a comment."""
    if values.get("past"):
        head = f"# [[{key}]]\n# title = {toml_text(values['title'])}\n# past = true"
        yield f'{head}\n# entries = ["[words](https://…)"]\n'
        return
    yield _table(key, _without(values, "groups"))
    for group in values.get("groups", []):
        yield from _group(f"{key}.groups", group)


def _without(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}


def _table(key: str, values: Mapping[str, Any]) -> str:
    return "\n".join([f"[[{key}]]", *(f"{name} = {_value(value)}" for name, value in values.items()), ""])


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return toml_text(value)
        case dict():
            return "{ " + ", ".join(f"{name} = {_value(each)}" for name, each in value.items()) + " }"
        case list():
            return _list([_value(each) for each in value])
        case _:
            return str(value)


def _list(values: Sequence[str]) -> str:
    if sum(map(len, values)) <= 80:
        return f"[{', '.join(values)}]"
    return "[\n" + "".join(f"  {value},\n" for value in values) + "]"


def toml_text(text: str) -> str:
    """Write a text as a basic string of TOML, whose escapes are those of JSON and one more."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_lines(text: str) -> str:
    """Write a text as the inside of a multi-line string of TOML, readable as it stands."""
    lines = [toml_text(line)[1:-1].replace('\\"', '"').replace('"""', '""\\"') for line in text.split("\n")]
    return "\n".join(lines)


_HEAD_COMMENTS = (
    "# Items stand in items/, one file each, in the order of the files' names.",
    '# The page "The format of an issue" in the documentation explains every key.',
    "",
)
_PREHEADER = (
    "",
    "# What mail programs show beside the subject: the best of this issue in one line.",
    'preheader = ""',
)
_NEXT_DATES = (
    "",
    "# When the next issue comes, as a day or a month, and until when contributions are taken:",
    '# next_issue = "2024-05"',
    "# contribution_deadline = 2024-04-25",
)
_SECTION_EXAMPLE = """\
# A heading that items stand under: an item with section = "ks" stands in it.
# [[sections]]
# id = "ks"
# title = "Nytt fra KS"

# A date for the list of important dates:
# [[important_dates]]
# date = 2024-03-08
# kind = "conference"
# text = "Helsekonferansen. Påmelding: [Nasjonal helsekonferanse](https://…)"

# Links that stand from issue to issue:
# [[link_groups]]
# title = "Nettsider"
# entries = ["[Helsefellesskap](https://www.helsedirektoratet.no/tema/helsefellesskap)"]
"""
_ITEM_COMMENTS = """\
# section = "ks"
# contacts = ["kari.nordmann@example.org"]
# helsefellesskap = ["oslo"]
# dates = [{ kind = "application_deadline", date = 2024-03-15 }]
"""
