"""Compares what editors wrote with what readers get, by a reading of its own, for `test_whole_items`.

Both sides become words and digits (`Token`) in their order, and links: `→` and the address that each leads to, behind
the words of the link. Nothing here knows Markdown; what a text means is taken from the few signs named below.
"""

import html
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from html.parser import HTMLParser
from itertools import groupby, islice, pairwise, product, takewhile, zip_longest
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from mailer.issue.model import Finding
from tests.compose.editors_items import WrittenItem

OPEN, CLOSE, MARK = "\ue000", "\ue001", "\ue002"
_TOKEN = re.compile(rf"{OPEN}([^{CLOSE}]*){CLOSE}|({MARK})|([^\W_]+)")
_INVISIBLE = dict.fromkeys(map(ord, "\N{SOFT HYPHEN}\u200b\u200c\u200d\u2060\ufeff"))
_UNSEEN = _INVISIBLE | {ord("*"): None}
_HOST = r"[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?![\w-]|\.\w)"
_IN_ADDRESS = r"(?:(?!\{\s*lang\s*=)[^\s<>\"\[\]]|\[[^\s<>\"\[\]]*\](?!\())*"
_NAMED_HOST = r"[\w-]+(?:\.[\w-]+)+"  # behind https:// any name is one, also with digits at its end
_BARE = rf"(?:https?://{_NAMED_HOST}(?::\d+)?(?![^\s/?#.,;:!)\]'\"’”»…*_|–—]){_IN_ADDRESS}|(?<![\w/])www\.{_HOST}(?![@]){_IN_ADDRESS})"
_EMAIL = r"[\w.+^~=$%-]+(?:'[\w.+^~=$%-]+)*@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}"
_TARGET = r"\]\(\s*(?P<target><[^>\n]*>|(?:[^\s()]|\([^\s()]*\))*|tel:[+\d ]+)(?:\s+\"(?P<title>[^\"]*)\")?\s*\)"
_FILE = _TARGET.replace("target", "file").replace("title", "caption")
_WORDS_OF_PICTURE = r"(?:[^\[\]]|\[[^\[\]]*\](?:\([^\s()]*\))?)*"
_SOURCE = re.compile(
    rf"(?P<picture>(?<!\\)!\[(?P<alt>{_WORDS_OF_PICTURE}){_FILE})"
    rf"|(?:\[(?P<words>[^\[\]]*))?{_TARGET}(?:\{{lang=\w+\}})?"
    rf"|\[\^(?P<mark>[^\]\s]+)\]"
    rf"|<(?P<angled>(?:https?://[\w-]|www\.{_NAMED_HOST})[^<>\s]*|mailto:[^>\s]+|tel:[+\d]+|{_EMAIL})>"
    rf"|(?P<bare>{_BARE})|(?:(?<![\w+.-])mailto:)?(?P<email>{_EMAIL})",
)
_APART = re.compile(rf"({OPEN})[^{CLOSE}]*|[^{OPEN}]+")
_NUMBERED_MARK = re.compile(r"\[\d+\]")
_ENTITY = re.compile(r"(?<!\\)&(?:#\d+|#x[0-9a-fA-F]+|\w+);")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_TRAILING = re.compile(r"[.,;:!?…*_~'’\"”»\]}–—-]+$")
_ANGLED = re.compile(r"\A<(.*)>\Z")
_WRAPPED_IN = ("url", "u", "q")
_TRACKING = (r"utm_\w+", "fbclid")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number, a link or the mark of a footnote, and the line of the item's text where it stands."""

    text: str
    line: int = 0


# --- Reading ---


def leads_to(address: str) -> str:
    """The address without what is wrapped around it or only tracks, in one way of writing."""
    address = html.unescape(_ANGLED.sub(r"\1", address.strip()))
    if address.startswith("www."):
        address = f"https://{address}"
    if "@" in address and "://" not in address:
        return "mailto:" + unquote(address.removeprefix("mailto:").partition("?")[0])
    if address.startswith("tel:") or re.fullmatch(r"\+[\d ]+", address):
        return "tel:" + address.removeprefix("tel:").replace(" ", "")
    query = parse_qs(address.partition("?")[2].partition("#")[0]) if "://" in address else {}
    if inner := next((query[key][0] for key in _WRAPPED_IN if "://" in query.get(key, [""])[0]), ""):
        return leads_to(inner)
    for key in _TRACKING:
        address = re.sub(rf"(?<=[?&]){key}=[^&#]*&?", "", address).rstrip("?&")
    address = re.sub(r"[\w.-]*xn--[\w.-]*", lambda host: host[0].encode().decode("idna"), address)
    return unicodedata.normalize("NFC", unquote(address))


def tokens_of(text: str) -> list[Token]:
    """The tokens of a text in which links and marks of footnotes have been set apart; lines count from 1."""
    text = _APART.sub(lambda part: part[0].translate(_INVISIBLE if part[1] else _UNSEEN), text)
    text = _NUMBERED_MARK.sub(MARK, unicodedata.normalize("NFC", text))
    tokens, line, at = [], 1, 0
    for match in _TOKEN.finditer(text):
        line, at = line + text.count("\n", at, match.start()), match.start()
        link, mark, word = match.groups()
        tokens.append(Token(f"→{leads_to(link)}" if link is not None else (mark and "[^]") or word, line))
    return tokens


def _link(address: str) -> str:
    return f" {OPEN}{address}{CLOSE} " if address else ""


def _of_source(match: re.Match[str]) -> str:
    lines = "\n" * (match[0].count("\n") - (match["words"] or "").count("\n"))
    if match["picture"]:
        return f"{_SOURCE.sub(_of_source, match['alt'])} {match['caption'] or ''}{lines}"
    if match["mark"]:
        return f"{MARK} "
    if match["angled"]:
        return _link(match["angled"])
    if match["email"]:
        return _link(f"mailto:{match['email'].rstrip('.-_')}")
    if match["bare"]:
        address, rest = _without_end(match["bare"])
        return _link(address) + _SOURCE.sub(_of_source, rest)
    title = f" {match['title']}" if match["title"] else ""
    words, target = match["words"] or "", _ANGLED.sub(r"\1", match["target"])
    words = "" if target and leads_to(words) == leads_to(target) else words
    return f"{words}{_link(target)}{title}{lines}"


def _without_end(address: str) -> tuple[str, str]:
    """Part an address from the end of the sentence, and from a bracket that it does not open."""
    end = len(address)
    while end:
        before = end
        end = len(_TRAILING.sub("", address[:end]))
        if address[:end].endswith(")") and address[:end].count(")") > address[:end].count("("):
            end -= 1
        if end == before:
            break
    return address[:end], address[end:]


def read_source(body: str) -> list[Token]:
    """The tokens of a text as an editor wrote it."""
    text = _SOURCE.sub(_of_source, body)
    text = _ENTITY.sub(lambda match: html.unescape(match[0]).replace("\n", " "), text)
    return tokens_of(_ESCAPE.sub("", text))


class _Page(HTMLParser):
    """The text that a browser shows, with links and marks of footnotes set apart (`text`) or not (`seen`)."""

    APART = frozenset(
        tag
        for tags in (
            "p div td th tr li ol ul h1 h2 h3 h4 h5 h6 table br section article figure figcaption",
            "caption img blockquote nav header footer body",
        )
        for tag in tags.split()
    )
    UNSEEN = frozenset({"style", "script", "head", "title"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.seen: list[str] = []
        self.lists: list[int | None] = []
        self.link: tuple[str, int] | None = None
        self.unseen: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if self.unseen:
            self.unseen += [tag] if tag == self.unseen[0] else []
        elif tag in self.UNSEEN or (tag == "span" and "tl" in (values.get("class") or "").split()):
            self.unseen.append(tag)  # `tl`: the name of the column, which a phone shows in place of the first row
        if tag in self.APART:
            self.say(" ")
        if tag in {"ol", "ul"}:
            self.lists.append(0 if tag == "ol" else None)
        elif tag == "li" and self.lists and self.lists[-1] is not None:
            self.lists[-1] += 1
            self.say(f"{self.lists[-1]}. ")
        elif tag == "img" and values.get("alt"):
            self.parts.append(f" {values['alt']} ")  # in the PDF it is said, not seen
        elif tag == "a":
            self.link = values.get("href") or "", len(self.parts)

    def handle_endtag(self, tag: str) -> None:
        if self.unseen:
            self.unseen = self.unseen[1:] if tag == self.unseen[0] else self.unseen
        if tag in {"ol", "ul"}:
            self.lists.pop()
        if tag in self.APART:
            self.say(" ")
        if tag == "a" and self.link:
            address, begins = self.link
            words = "".join(self.parts[begins:]).strip()
            if re.fullmatch(r"\[\d+\]", words) and address.startswith("#"):
                self.parts[begins:] = [MARK]
            elif not address.startswith("#"):
                self.parts[begins:] = (
                    [_link(address)] if leads_to(words) == leads_to(address) else [words, _link(address)]
                )
                self.parts.append(" ")
            self.link = None

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.say(data)

    def say(self, words: str) -> None:
        self.parts.append(words)
        self.seen.append(words)


def read_page(page: str) -> tuple[list[Token], list[Token]]:
    """The tokens of a page, and those that are seen, where addresses are words."""
    read = _Page(page)
    return tokens_of("".join(read.parts)), tokens_of("".join(read.seen))


_IN_TEXT = re.compile(rf"<(?P<url>https?://[^>\s]+|{_EMAIL}|\+?\d{{5,}})>|(?P<email>{_EMAIL})", re.IGNORECASE)


def read_text(text: str) -> list[Token]:
    """The tokens of the plain-text part."""

    def apart(match: re.Match[str]) -> str:
        if match["url"]:
            number = re.fullmatch(r"\+?\d+", match["url"])
            return _link(f"tel:{match['url']}" if number else match["url"])
        return _link(f"mailto:{match['email']}")

    return tokens_of(_IN_TEXT.sub(apart, text))


def read_pdf(text: str) -> list[Token]:
    """The tokens of what `pdftotext -raw` gives, without the foot of each page."""
    text = re.sub(
        r"^Nyhetsbrev for helsefellesskap – februar 2024\s+\d+ / \d+$", "", text.replace("\f", "\n"), flags=re.MULTILINE
    )
    return tokens_of(re.sub("\N{SOFT HYPHEN}+\\s*", "", text))


def above_sections(tokens: Iterable[Token]) -> list[Token]:
    """What stands above the list of contents: the list of dates is among it."""
    return list(takewhile(lambda token: token.text != "q1q", tokens))


def regions(tokens: Sequence[Token], count: int) -> list[list[Token]]:
    """What stands below each heading `q1q`, `q2q`, …: below its last, for the list of contents names it first."""
    words = [token.text for token in tokens]
    last = {word: at for at, word in enumerate(words)}
    places = [last[f"q{number}q"] for number in range(1, count + 2)]
    parts = [list(tokens[begin + 1 : end]) for begin, end in pairwise(places)]
    return [part[1:] if part[0].text == "Sak" else part for part in parts]  # said before the number, by design


# --- What is right ---

BADGES = {
    "application_deadline": ("Søknadsfrist", "Søknadsfrist"),
    "consultation_deadline": ("Høringsfrist", "Høyringsfrist"),
    "contribution_deadline": ("Frist for innspill", "Frist for innspel"),
    "registration_deadline": ("Påmeldingsfrist", "Påmeldingsfrist"),
    "deadline": ("Frist", "Frist"),
}
PLACES = {"oslo": "Oslo"}
MONTHS = (
    "januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november",
    "desember",
)  # fmt: skip


def _day(date: dict[str, Any]) -> str:
    day = date["date"]
    return f"{day.day} {MONTHS[day.month - 1]}" + (f" {day.year}" if day.year != 2024 else "")


def _time(date: dict[str, Any]) -> str:
    return re.sub(r"\b(?=\d[.:])", "0", date.get("time", ""))


def _badge(date: dict[str, Any], *, lang: str) -> str:
    time = f" kl. {_time(date)}" if "time" in date else ""
    return f"{BADGES[date['kind']][lang == 'nn']} {_day(date)}{time}"


def expected_head(item: WrittenItem, number: int) -> list[str]:
    """What stands above the text by design, in each form in an order of its own: number, places, title, deadline."""
    facts = tomllib.loads(item.facts)
    badges = [
        _badge(date, lang=facts.get("lang", "nb")) for date in facts.get("dates", []) if date.get("kind") in BADGES
    ]
    places = [PLACES[each] for each in facts.get("helsefellesskap", []) if each in PLACES]  # no other is known
    return [
        token.text
        for token in tokens_of(
            " ".join([str(number), *places, _BARE_ADDRESS.sub(_plain, facts.get("title", "")), *badges])
        )
    ]


_BARE_ADDRESS = re.compile(_BARE)
_KEPT = "/:?=&#()%+,;@!$'~"


def _plain(address: re.Match[str]) -> str:
    """Return the words of an address in a fact, which is no link: as written, unless something is taken off it."""
    inner = leads_to(address[0])
    shown = address[0] if inner == unquote(address[0]) else quote(inner, safe=_KEPT)
    return " ".join(_WORD.findall(shown))


def expected_contacts(item: WrittenItem) -> list[Token]:
    """What stands below the text and above its footnotes by design."""
    facts = tomllib.loads(item.facts)
    contacts = [
        tokens_of(f"{_BARE_ADDRESS.sub(_plain, name)} {_link(f'mailto:{email}')}")
        for name, email in map(_name_and_address, facts.get("contacts", []))
    ]
    plural = "ar" if facts.get("lang") == "nn" else "er"
    label = "Kontaktperson" + (plural if len(contacts) > 1 else "")
    return [Token(label), *(Token(each.text) for contact in contacts for each in contact)] if contacts else []


def _name_and_address(contact: str | dict[str, Any]) -> tuple[str, str]:
    if isinstance(contact, dict):
        return contact.get("name", ""), contact["email"]
    name, _, address = contact.rpartition("<")
    return name, address.rstrip(">")


_NOTE = re.compile(r"^[ >]{0,3}\[\^([^\]\s]+)\]:(?=[ \t]*\S)", re.MULTILINE)


def expected_body(item: WrittenItem, way: "_Way") -> list[list[Token]]:
    """The tokens of the text, with contacts behind them, and those of each footnote, which stand last by design."""
    lines = item.body.split("\n")
    by_line: dict[int, list[Token]] = {}
    for token in read_source(item.body):
        by_line.setdefault(token.line, []).append(token)
    for table in way.labelled:
        by_line.update(_labelled(lines, table))
    notes = way.notes
    order = [number for number in range(1, len(lines) + 1) if not any(number in note for note in notes)]
    return [
        [token for number in order for token in by_line.get(number, [])] + expected_contacts(item),
        *([token for number in note for token in by_line.get(number, [])] for note in notes),
    ]


_DASHES = re.compile(r"[|:\s-]+")


def tables_of(body: str) -> list[range]:
    """The lines of what may be a table: two or more, with bars or tabs; also from the line above one of dashes on."""
    lines = [*body.split("\n"), ""]
    tables: list[range] = []
    begin, named = 0, 0
    for number, line in enumerate(lines, 1):
        if not re.search(r"\||\t", line):
            begins = [each for each in dict.fromkeys((begin, named)) if each and number - each > 1]
            tables += [range(each, number) for each in begins]
            begin = named = 0
        else:
            begin = begin or number
            named = number - 1 if number > begin and "-" in line and _DASHES.fullmatch(line) else named
    return tables


_WORD = re.compile(r"[^\W_]+")
_BETWEEN_CELLS = re.compile(r"(?<!\\)\||\t")


def _labelled(lines: Sequence[str], table: range) -> dict[int, list[Token]]:
    """The tokens of each line of a table whose cells have the names of their columns before them."""
    dashes = {table[1]} if _DASHES.fullmatch(lines[table[1] - 1]) else set()
    rows = {number: _cells(lines[number - 1]) for number in table if number not in dashes}
    names = rows.pop(table[0], [])
    tokens: dict[int, list[Token]] = {number: [] for number in table}
    is_empty = [not any(at < len(cells) and cells[at] for cells in rows.values()) for at in range(len(names))]
    for number, cells in rows.items():
        for at, (name, cell) in enumerate(zip_longest(names, cells, fillvalue="")):
            if cell or (at < len(names) and is_empty[at]):
                tokens[number] += [Token(each.text, number) for each in read_source(f"{name} {cell}")]
    return tokens


def _cells(line: str) -> list[str]:
    bare = line.strip(" >")
    return [cell.strip() for cell in _BETWEEN_CELLS.split(bare.removeprefix("|").removesuffix("|"))]


def _notes(lines: Sequence[str]) -> list[range]:
    """The lines of each footnote: from its mark to the next empty line, or the next mark."""
    notes = []
    for begin in (number for number, line in enumerate(lines, 1) if _NOTE.match(line)):
        end = begin + 1
        while end <= len(lines) and not _NOTE.match(lines[end - 1]) and _goes_on(lines[end - 2], lines[end - 1]):
            end += 1
        notes.append(range(begin, end))
    return notes


def _goes_on(above: str, line: str) -> bool:
    """Return whether a line belongs to a footnote as the line above it does."""
    return not line.strip() or bool(above.strip()) or line.startswith(("    ", "\t"))


# --- Comparing ---

BLOCK_RULES = frozenset({"html", "table", "footnote", "nesting"})
"""Rules whose finding stands at the first line of what it is about, which comes out in another order or not at all."""
LABEL_RULES = frozenset({"list-numbers", "pasted-list", "empty-point"})
"""Rules about the number or the bullet at the beginning of a line: of no other words may they answer for."""
LOSING_RULES = BLOCK_RULES | LABEL_RULES | {
    "comment", "character", "link-title", "empty-heading", "rule", "left-over-mark", "outlook-paste", "image",
    "image-alt", "link", "inside-link", "no-words", "placeholder",
}  # fmt: skip
"""Rules that say of words or links that they are not shown as written."""
_POINT = re.compile(r"[ \t>]*[o§ü–·•▪v-]\s")
_LABEL = re.compile(r"[ \t>(]*(?:\w{1,5}|[^\w\s])(?:[.)]|\s|\Z)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Told:
    """What findings answer for: all of some lines, and of others the words that they quote or stand at."""

    lines: frozenset[int] = frozenset()
    words: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Fault:
    """Tokens of a line that readers do not get, or get besides, in one form, without a finding that says so."""

    form: str
    line: int
    missing: str
    extra: str

    def __str__(self) -> str:
        return f"{self.form}: line {self.line}: missing {self.missing!r}, extra {self.extra!r}"


def _end_of(lines: Sequence[str], first: int, *, is_list: bool) -> int:
    """The line behind the block of lines that begins on one; a list and a comment go on below an empty line."""
    is_comment, end = "<!--" in lines[first - 1], first
    while is_comment and end < len(lines) and "-->" not in lines[end - 1]:
        end += 1
    for number in range(end, len(lines)):
        if not lines[number - 1].strip() and lines[number].strip() and not (is_list and _POINT.match(lines[number])):
            return number
    return len(lines) + 1


def what_is_told(body: str, findings: Iterable[Finding]) -> Told:
    """What findings answer for in a text."""
    lines = body.split("\n")
    whole: set[int] = set()
    words: Counter[str] = Counter()
    for each in findings:
        if each.rule not in LOSING_RULES or not each.line:
            continue
        is_mark = each.rule == "footnote" and not each.words.endswith(":")
        if each.rule in BLOCK_RULES and not is_mark:
            whole.update(range(each.line, _end_of(lines, each.line, is_list=False)))
        else:
            words += Counter(dict.fromkeys(_words_of(each, body, lines), 2))
    return Told(frozenset(whole), words)


def _words_of(finding: Finding, body: str, lines: Sequence[str]) -> set[str]:
    """The tokens that a finding answers for: what it quotes, and what is written where it stands, read in each way."""
    line = lines[finding.line - 1]
    if finding.rule == "comment":
        place = sum(len(each) + 1 for each in lines[: finding.line - 1]) + max(finding.column - 1, 0)
        spans = [each[0] for each in _COMMENT.finditer(body) if each.start() <= place <= each.end()]
    elif finding.rule in LABEL_RULES:
        end = _end_of(lines, finding.line, is_list=True)
        labels = (_LABEL.match(each) for each in lines[finding.line - 1 : end - 1])
        spans = [finding.words, *(each[0] for each in labels if each), *map(str, range(1, end - finding.line + 1))]
    else:
        spans = [finding.words, _around(line, finding.column) if finding.column else line]
    read = {each.text for span in spans for each in read_source(span)}
    return read | {each.text for span in spans for each in tokens_of(span)}


def _around(line: str, column: int) -> str:
    """What stands at a column, with its neighbours, up to the spaces around them."""
    before, after = line[: column - 1], line[column - 1 :]
    return " ".join([*re.findall(r"\S+\s*", before)[-2:]]) + "".join(re.findall(r"\S+\s*", after)[:3])


def differences(form: str, item: WrittenItem, wanted: Sequence[Token], got: Sequence[Token], told: Told) -> list[Fault]:
    """The faults between what is wanted and what was got, but for the words that findings answer for."""
    a, b = [each.text for each in wanted], [each.text for each in got]
    if a == b:
        return []
    lines = item.body.split("\n")
    typed = (lines[number - 1] for number in told.lines if number <= len(lines))
    known = told.words + Counter(each.text for each in wanted if each.line in told.lines)
    known_as_typed = known + Counter(_WORD.findall("\n".join(typed)))
    faults = []
    for kind, begin, end, other_begin, other_end in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        missing, extra = Counter(a[begin:end]), Counter(b[other_begin:other_end])
        near = {each.line for each in wanted[max(0, begin - 1) : end + 1]}
        is_glued = "".join(a[begin:end]) == "".join(b[other_begin:other_end])  # where a mark between words is left out
        is_right = is_glued or not extra - known_as_typed or (bool(missing) and bool(near & told.lines))
        is_told = is_right and not missing - known
        if kind != "equal" and not is_told:
            line = min({each.line for each in wanted[begin:end]} or near, default=0)
            faults.append(Fault(form, line, " ".join(a[begin:end]), " ".join(b[other_begin:other_end])))
    return faults


def item_faults(
    form: str, item: WrittenItem, number: int, got: Sequence[Token], findings: Iterable[Finding]
) -> list[Fault]:
    """The faults of one item in one form."""
    told = what_is_told(item.body, findings)
    head = expected_head(item, number)
    faults = []
    if Counter(head) != Counter(each.text for each in got[: len(head)]):
        faults.append(Fault(form, 0, " ".join(head), " ".join(each.text for each in got[: len(head)])))
    rest = list(got[len(head) :])
    found: list[list[Fault]] = []
    for way in islice(_ways(form, item), WAYS):
        found.append(differences(form, item, _in_order(item, way, rest), rest, told))
        if not found[-1]:
            return faults
    return [*faults, *min(found, key=len)]


def date_faults(form: str, item: WrittenItem, above: Iterable[Token]) -> list[Fault]:
    """The words and numbers of an item's dates that are not in the list of dates, above the first section."""
    listed = {each.text for each in above}
    dates = tomllib.loads(item.facts).get("dates", [])
    wanted = [" ".join([_day(each), _time(each), each.get("title", ""), each.get("place", "")]) for each in dates]
    shown = re.sub(rf"(?:{'|'.join(_TRACKING)})=[^&\s]*&?", "", " ".join(wanted))
    missing = [each.text for each in tokens_of(shown) if each.text not in listed]
    return [Fault(form, 0, " ".join(missing), "")] if missing else []


WAYS = 200


@dataclass(frozen=True, slots=True)
class _Way:
    """One of the ways that are right: the tables that stand row by row, and how many lines each footnote has."""

    labelled: tuple[range, ...]
    notes: tuple[range, ...]


def _ways(form: str, item: WrittenItem) -> Iterator[_Way]:
    """Yield what is right by design.

    The text part has tables row by row that are too wide for a line. A line right below a footnote is part of it or
    not, as with lists.
    """
    lines = item.body.split("\n")
    tables = tables_of(item.body)[:6] if form == "text" else []
    notes = [_cuts(lines, note) for note in _notes(lines)]
    for chosen in product(*notes):
        for is_labelled in product([False, True], repeat=len(tables)):
            labelled = (table for table, is_so in zip(tables, is_labelled, strict=True) if is_so)
            yield _Way(tuple(labelled), tuple(chosen))


def _cuts(lines: Sequence[str], note: range) -> list[range]:
    ends = [number for number in note[1:] if lines[number - 1].strip() and lines[number - 2].strip()]
    return [note, *(range(note[0], end) for end in ends[:4])]


def _in_order(item: WrittenItem, way: _Way, got: Sequence[Token]) -> list[Token]:
    body, *notes = expected_body(item, way)
    return [*body, *(token for note in sorted(notes, key=lambda note: _place_in(note, got)) for token in note)]


def _place_in(note: Sequence[Token], got: Sequence[Token]) -> int:
    """Where a footnote stands: they are in the order of their numbers, and those without a mark last."""
    words, texts = ([each.text for each in tokens] for tokens in (note, got))
    return max(range(len(texts)), key=lambda at: (_alike(words, texts[at:]), at), default=0)


def _alike(words: Sequence[str], others: Sequence[str]) -> int:
    """Count the words that both begin with: a mark in a footnote may be printed as written."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(words, others, strict=False)))


def _letters(tokens: Iterable[Token]) -> str:
    return unicodedata.normalize("NFKC", "".join(each.text for each in tokens))


def print_faults(item: WrittenItem, number: int, seen: Sequence[Token], printed: Sequence[Token]) -> list[Fault]:
    """The faults of one item in the PDF, which has the words that are seen on its page.

    Lines may end anywhere in an address or a long word, so letters are compared, and not words. A table that goes on
    over the page has its first row again there, and figures that the fonts lack are typed (H2O), by design.
    """
    head = len(_letters(seen[: len(expected_head(item, number))]))
    page, pdf = (_letters(tokens)[head:] for tokens in (seen, printed))
    if page == pdf:
        return []
    lines = item.body.split("\n")
    first_rows = (read_source(lines[table[0] - 1]) for table in tables_of(item.body))
    repeated = {unicodedata.normalize("NFKC", "".join(each.text for each in row)) for row in first_rows}
    return [
        Fault("pdf", 0, page[begin:end], pdf[other_begin:other_end])
        for kind, begin, end, other_begin, other_end in SequenceMatcher(None, page, pdf, autojunk=False).get_opcodes()
        if kind != "equal" and not (begin == end and pdf[other_begin:other_end] in repeated)
    ]


def link_faults(page: Iterable[Token], addresses: Iterable[str]) -> list[Fault]:
    """The links of a page that its PDF lacks or has elsewhere; one that is broken over lines is there twice on end."""
    wanted = [each.text.removeprefix("→") for each in page if each.text.startswith("→")]
    read = [leads_to(each).translate(_INVISIBLE) for each in addresses]
    got = [address for address in read if address in set(wanted)]
    a, b = ([address for address, _ in groupby(each)] for each in (wanted, got))
    return [
        Fault("pdf", 0, " ".join(a[begin:end]), " ".join(b[other_begin:other_end]))
        for kind, begin, end, other_begin, other_end in SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
        if kind != "equal"
    ]
