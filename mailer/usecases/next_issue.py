"""`mailer new`: the next issue, with what stands from issue to issue taken from the last."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from mailer.catalogue import Lang as SpokenLang
from mailer.catalogue import Message, msg, render
from mailer.errors import MailerError
from mailer.issue.example import example_item
from mailer.issue.files.fields import parse_date
from mailer.issue.files.frame import FRAME, parse_frame
from mailer.issue.files.known_names import KnownNames
from mailer.issue.model import Issue, Precision, Severity
from mailer.issue.source import ITEMS, find_issue, is_slug, issue_slugs, picture_files
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
    is_note: bool = False,
    title: str = "Nyhetsbrev for helsefellesskap",
    lang: Lang = DEFAULT_LANG,
    comments_in: SpokenLang = "en",
    announce: Callable[[str], object] = lambda _: None,
) -> Path:
    """Write the frame and one example item of a new issue and return its folder.

    It follows the issue `template_from`, or the latest one; `title` and `lang` serve when there is none. What was taken
    over and is to be changed is announced. `comments_in` is the language of the editor, for the comments in the frame.
    A short letter (`is_note`) takes over language and contact alone, is dated `today`, and has no items.
    """
    folder = issues_folder / slug
    _require_name(slug, issues_folder)
    if folder.exists():
        message, hint = msg("issues.issue-exists", slug=slug), msg("issues.name-another")
        raise MailerError(message, where=str(folder), hint=hint)
    last = _last(issues_folder, template_from)
    if last:
        announce(msg("issues.lang-taken-over", lang=last.issue.lang, slug=last.slug, file=FRAME))
    if is_note:
        folder.mkdir(parents=True)
        note = _note(last, today, lang=last.issue.lang if last else lang)
        (folder / FRAME).write_bytes(_written(note, comments_in).encode())
        return folder
    lines = _followed(last, slug, today) if last else _begun(slug, today, title=title, lang=lang)
    name, heading, words = example_item(last.issue.lang if last else lang)
    (folder / ITEMS).mkdir(parents=True)
    (folder / FRAME).write_bytes(_written(lines, comments_in).encode())
    item = f'+++\ntitle = "{heading}"\n{_ITEM_COMMENTS}+++\n\n{words}\n'
    (folder / ITEMS / f"010-{name}.md").write_bytes(item.encode())
    if last and last.intro:
        announce(_is_taken_over(last))
    return folder


def _written(lines: Iterable[str], lang: SpokenLang) -> str:
    """Return the text of a file, with each message as a comment."""
    return "\n".join(f"# {render(each, lang)}" if isinstance(each, Message) else each for each in lines)


def _is_taken_over(last: "_Last") -> Message:
    if dates := last.dates_in_intro:
        return msg("issues.intro-with-dates-taken-over", file=FRAME, slug=last.slug, dates=dates)
    return msg("issues.intro-taken-over", file=FRAME, slug=last.slug)


def _require_name(slug: str, issues_folder: Path) -> None:
    """Refuse a text that cannot name an issue, or that begins with a date in no calendar."""
    dated = _LIKE_A_DATE.match(slug)
    if not is_slug(slug):
        message, hint = msg("issues.issue-slug", slug=slug), msg("issues.issue-slug-hint")
        raise MailerError(message, where=str(issues_folder), hint=hint)
    if dated and parse_date(dated[0]) is None:
        message, hint = msg("issues.slug-is-no-date", slug=slug), msg("issues.slug-date-hint")
        raise MailerError(message, where=str(issues_folder), hint=hint)


class _Last:
    """The issue that the new one follows: its values as written, and as read."""

    def __init__(self, folder: Path) -> None:
        text = (folder / FRAME).read_text("utf-8-sig")
        images = picture_files(folder).keys()
        frame, findings = parse_frame(
            text, file=FRAME, slug=folder.name, publisher="", known=KnownNames.of(()), images=images
        )
        if frame is None or any(finding.severity is Severity.ERROR for finding in findings):
            message, hint = msg("issues.last-has-errors"), msg("issues.last-has-errors-hint", slug=folder.name)
            raise MailerError(message, where=str(folder / FRAME), hint=hint)
        self.slug = folder.name
        self.issue: Issue = frame.issue
        self.values: Mapping[str, Any] = tomllib.loads(text)
        self.intro = str(self.values.get("intro", "")).strip()

    @property
    def dates_in_intro(self) -> str:
        """The dates in the introduction."""
        return ", ".join(dict.fromkeys(match[0] for match in _NAMED_DATE.finditer(self.intro)))


def _last(issues_folder: Path, wanted: str | None) -> _Last | None:
    slug = wanted or next(reversed(issue_slugs(issues_folder)), None)
    return _Last(find_issue(issues_folder, slug)) if slug else None


def _followed(last: _Last, slug: str, today: date) -> list[str]:
    issue = last.issue
    promised = issue.next_issue.start if issue.next_issue else None
    exact = issue.next_issue is not None and issue.next_issue.precision is Precision.DAY
    lines = [
        msg("issues.frame-follows", slug=last.slug),
        *_HEAD_COMMENTS,
        f"title = {toml_text(issue.title)}",
        *([f"number = {issue.number + 1}"] if issue.number else []),
        f"date = {_date(slug, promised=promised, exact=exact, today=today)}",
        f'lang = "{issue.lang}"',
        *_PREHEADER,
        "",
        *([_put_intro_right(last)] if last.intro else []),
        f'intro = """\n{toml_lines(last.intro)}\n"""',
        *_NEXT_DATES,
        *([f"contact = {_value(last.values['contact'])}"] if "contact" in last.values else []),
    ]
    sections = [_table("sections", _without(each, "items")) for each in last.values.get("sections", [])]
    groups = [text for each in last.values.get("link_groups", []) for text in _group("link_groups", each)]
    return [*lines, "", *(sections or _EXAMPLES), *groups]


def _put_intro_right(last: _Last) -> Message:
    if dates := last.dates_in_intro:
        return msg("issues.frame-intro-with-dates", slug=last.slug, dates=dates)
    return msg("issues.frame-intro", slug=last.slug)


def _begun(slug: str, today: date, *, title: str, lang: Lang) -> list[str]:
    return [
        *_HEAD_COMMENTS,
        f"title = {toml_text(title)}",
        f"date = {_date(slug, promised=None, exact=False, today=today)}",
        f'lang = "{lang}"',
        *_PREHEADER,
        'intro = """\n"""',
        *_NEXT_DATES,
        '# contact = "editor@example.org"',
        "",
        *_EXAMPLES,
    ]


def _note(last: _Last | None, today: date, *, lang: Lang) -> list[str]:
    contact = last.values.get("contact") if last else None
    return [
        msg("issues.frame-note"),
        msg("issues.frame-keys"),
        "",
        'title = ""',
        'kind = "note"',
        f"date = {today.isoformat()}",
        f'lang = "{lang}"',
        "",
        msg("issues.frame-note-text"),
        'intro = """\n"""',
        *([f"contact = {_value(contact)}"] if contact else []),
    ]


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
    msg("issues.frame-items"),
    msg("issues.frame-keys"),
    "",
)
_PREHEADER = (
    "",
    msg("issues.frame-preheader"),
    'preheader = ""',
)
_NEXT_DATES = (
    "",
    msg("issues.frame-next-dates"),
    '# next_issue = "2024-05"',
    "# contribution_deadline = 2024-04-25",
)
_EXAMPLES = (
    msg("issues.frame-section"),
    "# [[sections]]",
    '# id = "ks"',
    '# title = "Nytt fra KS"',
    "",
    msg("issues.frame-date"),
    "# [[important_dates]]",
    "# date = 2024-03-08",
    '# kind = "conference"',
    '# text = "Helsekonferansen. Påmelding: [Nasjonal helsekonferanse](https://…)"',
    "",
    msg("issues.frame-links"),
    "# [[link_groups]]",
    '# title = "Nettsider"',
    '# entries = ["[Helsefellesskap](https://www.helsedirektoratet.no/tema/helsefellesskap)"]',
    "",
)
_ITEM_COMMENTS = """\
# section = "ks"
# contacts = ["kari.nordmann@example.org"]
# helsefellesskap = ["oslo"]
# dates = [{ kind = "application_deadline", date = 2024-03-15 }]
"""
