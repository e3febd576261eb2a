"""Reads typed values out of a TOML table and notes each that is missing, unknown or of the wrong kind."""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from mailer.catalogue import Message, msg
from mailer.characters import fold, is_visible, name_of
from mailer.issue.clock import exists
from mailer.issue.files.known_names import KnownNames
from mailer.issue.files.toml_lines import KeyPath, key_lines
from mailer.issue.files.toml_slips import date_at, slip_in
from mailer.issue.findings import FindingCollector
from mailer.issue.links.taken_off import take_tracking_off
from mailer.issue.links.urls import LinkTarget, clean_url
from mailer.issue.markdown.blocks import parse_blocks, parse_inlines
from mailer.issue.markdown.characters import SOFT_HYPHEN, UNPRINTABLE
from mailer.issue.model import Blocks, CalendarDate, Hours, Inlines, Precision
from mailer.languages import LANGS, Lang, find_lang
from mailer.nearest import did_you_mean
from mailer.toml_words import PLACE, reason_in_words

Choice = TypeVar("Choice", bound=StrEnum)

SEASONS = {"winter": 1, "spring": 3, "summer": 6, "autumn": 9}
_DATE_FORM = re.compile(r"(20\d\d|19\d\d)(?:-(\d{2})(?:-(\d{2}))?|-(winter|spring|summer|autumn))?")
# All others become headers, headings, entries of calendars and descriptions of pictures.
ON_SEVERAL_LINES = frozenset({"intro", "reader_note", "text"})
_IN_MARKDOWN = frozenset({"intro", "text"})
_TABS = re.compile(r" *\t[ \t]*")
_CLOCK = r"((?:[01]?[0-9]|2[0-3])[.:][0-5][0-9])"
_HOURS = re.compile(rf"{_CLOCK}(?:\s*[-–]\s*{_CLOCK})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlDocument:
    """One TOML document on its way in: what it says, where each key stands, and where findings go."""

    notes: FindingCollector
    values: Mapping[str, Any]
    lines: Mapping[KeyPath, int]
    first_line: int = 1

    def line(self, path: KeyPath) -> int:
        """Return the line in the file of a key, or of the nearest table around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1) + self.first_line - 1


_OVERLONG = re.compile(
    r"(?<![\w-])(?:(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+\.[ \t]*+){50}|(?<![\w-])[0-9][0-9_]{999}"
)
"""A key of so many parts that the library takes minutes, or a number of so many digits that Python reads none."""


def parse_toml(text: str, *, notes: FindingCollector, first_line: int = 1) -> TomlDocument | None:
    """Parse TOML that begins on `first_line` of its file, or note why it cannot be parsed."""
    if overlong := _OVERLONG.search(text):
        line, hint = first_line + text.count("\n", 0, overlong.start()), msg("issues.how-toml-is-written")
        column = overlong.start() - text.rfind("\n", 0, overlong.start())
        notes.error("toml", msg("issues.overlong-key-or-number"), line=line, column=column, hint=hint)
        return None
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = PLACE.search(str(error))
        line = first_line - 1 + int((place and place[1]) or text.rstrip().count("\n") + 1)
        if place and place[1] and (written := date_at(text.split("\n")[int(place[1]) - 1], int(place[2]))):
            is_form = _DATE_FORM.fullmatch(written) and parse_date(written) is None
            id_ = "issues.no-such-day" if is_form else "issues.date-form"
            form = msg("issues.how-dates-are-written")
            notes.error("date", msg(id_, written=written), line=line, words=written, hint=form)
            return None
        reason = reason_in_words(str(error))
        column = int((place and place[2]) or 0)
        written = text.split("\n")[line - first_line] if place and place[1] else ""
        if slip := slip_in(written, column):
            words, at = written[slip.at], slip.at + 1
            notes.error("toml", slip.message, line=line, words=words, hint=slip.hint, column=at)
        else:
            words = written[column - 1 : column] if written else ""
            column = column if words.strip() else 0
            message, hint = msg("issues.not-toml", reason=reason), msg("issues.how-toml-is-written")
            notes.error("toml", message, line=line, words=words, hint=hint, column=column)
        return None
    return TomlDocument(notes=notes, values=values, lines=key_lines(text), first_line=first_line)


class Fields:
    """One table of the document. `known` are the keys it may have; every other key is an error."""

    def __init__(
        self, values: Mapping[str, Any], *, sheet: TomlDocument, known: Collection[str], path: KeyPath = ()
    ) -> None:
        self.values = values
        self.sheet = sheet
        self.path = path
        self._texts: dict[str, str] = {}
        for key in values:
            if key not in known:
                hint = did_you_mean(key, known) or msg("issues.known-keys", keys=", ".join(known))
                self.error("unknown-key", msg("issues.unknown-key", key=key), key, words=key, hint=hint)

    def line(self, key: str = "") -> int:
        """Return the line of the table, or of one of its keys."""
        return self.sheet.line((*self.path, key) if key else self.path)

    def error(self, rule: str, message: str, key: str = "", *, words: str = "", hint: str = "") -> None:
        """Note something wrong with a key of this table; without `words`, at the key where that is written."""
        line, notes = self.line(key), self.sheet.notes
        if not words and key in self.values and notes.line_of(key, near=line) == line:
            words = key
        notes.error(rule, message, line=line, words=words, hint=hint)

    def text(self, key: str, *, required: bool = False) -> str:
        """Return one text, without white space at its ends; a fault in it is told once, however often read."""
        if key not in self._texts:
            self._texts[key] = self._text(key)
        value = self._texts[key]
        if required and not is_visible(value):
            self.error("missing", msg("issues.missing-key", key=key), key, hint=msg("issues.add-key", key=key))
        return value

    def _text(self, key: str) -> str:
        value = self.values.get(key, "")
        if isinstance(value, str):
            return self._printable(key, value)
        self.wrong(key, msg("issues.must-be-text", key=key))
        return ""

    def _printable(self, key: str, value: str) -> str:
        """The text without white space at its ends, and on one line what must stand on one."""
        value = value.strip()
        if found := UNPRINTABLE.search(value):
            message = msg("issues.unprintable-in-key", key=key, character=name_of(found[0][0]))
            words = self._escape_of(key, found[0][0])
            self.error("character", message, key, words=words, hint=msg("issues.delete-character"))
        if key not in _IN_MARKDOWN:
            value = take_tracking_off(value, notes=self.sheet.notes, line=self.line(key))
        if key in ON_SEVERAL_LINES:
            return value
        if len(value.splitlines()) > 1:
            self.error("character", msg("issues.must-be-one-line", key=key), key, hint=msg("issues.join-lines"))
        for character, message in (
            ("\t", msg("issues.tab-in-key", key=key)),
            (SOFT_HYPHEN, msg("issues.soft-hyphen-in-key", key=key)),
        ):
            if character in value:
                around = re.search(rf"\S*{character}\S*", value)
                self.sheet.notes.note("character", message, line=self.line(key), words=around[0] if around else "")
        return _TABS.sub(" ", value).replace(SOFT_HYPHEN, "").strip()

    def _escape_of(self, key: str, character: str) -> str:
        """Return the TOML escape that the file has for a character; unprintable ones stand in no file themselves."""
        code = ord(character)
        forms = [form % code for form in ("\\u%04X", "\\u%04x", "\\U%08X", "\\U%08x")]
        forms += {"\b": ["\\b"], "\f": ["\\f"]}.get(character, [])
        near = self.line(key)
        return next((each for each in forms if self.sheet.notes.line_of(each, near=near) >= near), "")

    def flag(self, key: str) -> bool:
        """Return true or false; false when the key is missing."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.wrong(key, msg("issues.must-be-true-or-false", key=key))
        return value is True

    def number(self, key: str) -> int | None:
        """Return a whole number above zero."""
        value = self.values.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0):
            return value
        self.wrong(key, msg("issues.must-be-number", key=key))
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; one text alone counts as a list of one."""
        value = self.values.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            self.wrong(key, msg("issues.must-be-texts", key=key))
            return ()
        return tuple(self._printable(key, each) for each in listed)

    def slugs(self, key: str, *, known: KnownNames) -> tuple[str, ...]:
        """Return the slugs of helsefellesskap, each once, by any name; an unknown one is a warning and left out."""
        names = tuple(dict.fromkeys(self.texts(key)))
        for name in names:
            if not known.slug_of(name):
                message = msg("issues.unknown-helsefellesskap", slug=name)
                near = known.mistyped_in(name)
                hint = msg("errors.did-you-mean", name=near) if near else msg("issues.lists-shows-all")
                self.sheet.notes.warning("helsefellesskap", message, line=self.line(key), words=name, hint=hint)
        return tuple(dict.fromkeys(slug for name in names if (slug := known.slug_of(name))))

    def lang(self, key: str, *, default: Lang) -> Lang:
        """Return one of the languages we write."""
        value = self.text(key)
        if lang := find_lang(value):
            return lang
        if value:
            hint = msg("issues.write-one-of", names=", ".join(LANGS))
            self.error("lang", msg("issues.unknown-lang", lang=value), key, words=value, hint=hint)
        return default

    def choice(self, key: str, *, default: Choice, words: Mapping[str, Choice] | None = None) -> Choice:
        """Return one of the values of an enumeration, in any case; `words` are others that mean one, folded."""
        value = self.text(key)
        names = [str(each) for each in type(default)]
        meant = {fold(name): type(default)(name) for name in names} | dict(words or {})
        if fold(value) in meant:
            return meant[fold(value)]
        if value:
            hint = did_you_mean(value, [*names, *(words or {})]) or _write_one_of(names, words or {})
            self.error("unknown-value", msg("issues.unknown-value", key=key, value=value), key, words=value, hint=hint)
        return default

    def tables(self, key: str, *, known: Collection[str], plain: str = "") -> list["Fields"]:
        """Return a list of tables. With `plain`, one table may stand without a list, and a text for its key `plain`."""
        value = self.values.get(key, [])
        kinds = (dict, str) if plain else (dict,)
        listed = [value] if plain and isinstance(value, kinds) else value
        if not isinstance(listed, list) or not all(isinstance(each, kinds) for each in listed):
            self.wrong(key, msg("issues.must-be-tables-or-texts" if plain else "issues.must-be-tables", key=key))
            return []
        return [
            Fields(
                {plain: each} if isinstance(each, str) else each,
                sheet=self.sheet,
                known=known,
                path=(*self.path, key, index) if listed is value else (*self.path, key),
            )
            for index, each in enumerate(listed)
        ]

    def when(self, key: str = "date", *, required: bool = False) -> CalendarDate | None:
        """Return a date with its precision, its `end` and whether it is approximate."""
        value = self.values.get(key)
        if value is None:
            if required:
                self.error("missing", msg("issues.missing-key", key=key), key, hint=msg("issues.how-dates-are-written"))
            return None
        parsed = parse_date(value)
        if parsed is None:
            message, hint = msg("issues.no-date", key=key, value=str(value)), msg("issues.how-dates-are-written")
            self.error("date", message, key, words=str(value), hint=hint)
            return None
        approximate = "approximate" in self.values and self.flag("approximate")
        start, precision = parsed
        return CalendarDate(start=start, end=self._end(start), precision=precision, approximate=approximate)

    def hours(self, when: CalendarDate | None) -> Hours | None:
        """Return the `time` of a date: when it begins, and ends if that is said."""
        value = self.values.get("time")
        if value is None:
            return None
        match = _HOURS.fullmatch(value.isoformat("minutes") if isinstance(value, time) else str(value).strip())
        if not match:
            message, hint = msg("issues.no-time", value=str(value)), msg("issues.how-times-are-written")
            self.error("time", message, "time", words=str(value), hint=hint)
            return None
        start, end = (parse_time(each) if each else None for each in match.groups())
        if when and when.precision is not Precision.DAY:
            message, hint = msg("issues.time-without-day"), msg("issues.write-date-as-day")
            self.error("time", message, "time", words=str(value), hint=hint)
        elif when and start:
            self._check_hours(when, start, end)
        return Hours(start=start, end=end) if start else None

    def _check_hours(self, when: CalendarDate, start: time, end: time | None) -> None:
        """Note times that the clock does not show on their day, and an end that does not come after the beginning."""
        value = str(self.values["time"])
        for day, hour in ((when.start, start), (when.last, end)):
            if hour and not exists(day, hour):
                message = msg("issues.hour-left-out", day=day, hour=f"{hour:%H.%M}")
                self.error("time", message, "time", words=value, hint=msg("issues.write-hour-after"))
        if end and end <= start and when.last == when.start:
            next_day = (when.start + timedelta(days=1)).isoformat()
            message, hint = msg("issues.time-ends-early", value=value), msg("issues.past-midnight", end=next_day)
            self.error("time", message, "time", words=value, hint=hint)

    def day(self, key: str) -> date | None:
        """Return a single day."""
        parsed = parse_date(self.values.get(key, ""))
        if parsed and parsed[1] is Precision.DAY:
            return parsed[0]
        if key in self.values:
            message, hint = msg("issues.no-day", key=key), msg("issues.write-a-day")
            self.error("date", message, key, words=str(self.values[key]), hint=hint)
        return None

    def address(self, key: str) -> str:
        """Return an address that a link may lead to, without what only serves tracking."""
        written = self.text(key)
        target = clean_url(written) if written else LinkTarget()
        if target.is_path:
            self.error("inside-link", target.problem, key, words=written, hint=msg("findings.put-on-the-web"))
        elif target.problem:
            self.error("link", target.problem, key, words=written)
        return target.url

    def own_id(self, key: str, *, before: Collection[str]) -> str:
        """Return a name that the editor has given; `before` are those of the tables before this one."""
        name = self.text(key)
        if name and name in before:
            self.error("duplicate", msg("issues.two-dates-of-one-id", name=name), key, words=name)
        return name

    def inlines(self, key: str, *, lang: Lang) -> Inlines:
        """Return one line of Markdown."""
        text = self.text(key)
        notes = self.sheet.notes
        inlines, findings = parse_inlines(
            text, file=notes.file, lang=lang, first_line=self.line(key), places=notes.whole_file
        )
        notes.take(findings)
        return inlines

    def blocks(self, key: str, *, lang: Lang, images: Collection[str]) -> Blocks:
        """Return Markdown in several paragraphs; `images` are the paths of the pictures that exist."""
        text = self.text(key)
        first = next((line for line in text.split("\n") if line.strip()), "")
        notes = self.sheet.notes
        line = notes.line_of(first, near=self.line(key)) or self.line(key)
        blocks, findings = parse_blocks(
            text, file=notes.file, lang=lang, first_line=line, images=images, places=notes.whole_file
        )
        notes.take(findings)
        return blocks

    def wrong(self, key: str, message: str) -> None:
        """Note a value of the wrong kind."""
        self.error("wrong-type", message, key, words=key)

    def _end(self, start: date) -> date | None:
        end = self.day("end") if "end" in self.values else None
        if end and end < start:
            self.error("date", msg("issues.end-before-date", end=end, start=start), "end", words=str(end))
            return None
        return end


def _write_one_of(names: Iterable[str], words: Mapping[str, str]) -> Message:
    """Name the values, each with the first word of an editor for it."""
    first: dict[str, str] = {}
    for word, name in words.items():
        first.setdefault(str(name), word)
    shown = (f"{name} ({first[name]})" if name in first else name for name in names)
    return msg("issues.write-one-of", names=", ".join(shown))


def parse_date(value: object) -> tuple[date, Precision] | None:
    """Parse a TOML date, or a text that names a day, month, season or year, into its first day."""
    if isinstance(value, datetime | bool):
        return None
    match = _DATE_FORM.fullmatch(str(value).strip())
    if not match:
        return None
    year, month, day, season = match.groups()
    try:
        first = date(int(year), SEASONS[season] if season else int(month or 1), int(day or 1))
    except ValueError:
        return None
    return first, _precision(month, day, season)


def parse_time(text: str) -> time:
    """Parse `9.30` or `09:30`, whose form has been looked at."""
    hour, minute = re.split("[.:]", text)
    return time(int(hour), int(minute))


def _precision(month: str | None, day: str | None, season: str | None) -> Precision:
    if season:
        return Precision.SEASON
    return Precision.DAY if day else Precision.MONTH if month else Precision.YEAR
