"""Reads the folder of one newsletter issue into the content model, with a finding for everything that is wrong."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from unicodedata import is_normalized

from mailer.catalogue import msg
from mailer.characters import name_of
from mailer.errors import MailerError, reason_of
from mailer.issue.assembly import assemble
from mailer.issue.files.frame import FRAME, parse_frame
from mailer.issue.files.items import ItemDraft, parse_item
from mailer.issue.files.known_names import KnownNames
from mailer.issue.findings import OF_EACH_RULE, FindingCollector
from mailer.issue.markdown.characters import SEPARATORS, UNPRINTABLE, printable, with_plain_signs
from mailer.issue.markdown.picture_names import path_of
from mailer.issue.model import Finding, Issue, IssueKind, Severity
from mailer.issue.pictures import images_of
from mailer.languages import DEFAULT_LANG, Lang, find_lang
from mailer.nearest import did_you_mean

ITEMS = "items"
IMAGES = "images"
TEXT_BYTES_AT_MOST = 250_000
PIECE = re.compile(r"[\n\t|*_#\[\]<>`\\&~={}^@]|://|\bwww\.|\bmailto:")
"""A line, tab, mark of Markdown or address: a text costs time by how many of them it has."""
PIECES_AT_MOST = 6_000
"""130 times those of the longest item in real newsletters, 20 times those of a frame."""
IMAGE_BYTES_AT_MOST = 10_000_000
ITEMS_AT_MOST = 200

_LANG = re.compile(r"""^lang\s*=\s*["'](\w+)""", re.MULTILINE)
_ISSUE_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueReading:
    """The result of reading a folder. `issue` is None when a finding is an error; `sources` are the texts by file.

    `readable` is all of it that could be read, errors or not: its words can be looked at, but it is not to be composed.
    """

    issue: Issue | None
    findings: tuple[Finding, ...]
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    readable: Issue | None = None


def find_issue(issues_folder: Path, slug: str) -> Path:
    """Return the folder of an issue; raises MailerError with the nearest slug when there is none."""
    slugs = issue_slugs(issues_folder)
    if slug in slugs:
        return issues_folder / slug
    if is_slug(slug) and (issues_folder / slug).is_dir():
        what, way_out = msg("issues.no-frame", file=FRAME), msg("issues.write-frame-anew")
        raise MailerError(what, where=str(issues_folder / slug), hint=way_out)
    others = msg("issues.there-are", slugs=", ".join(slugs)) if slugs else msg("issues.begin-one")
    hint = did_you_mean(slug, slugs) or others
    raise MailerError(msg("issues.no-such-issue", slug=slug), where=str(issues_folder), hint=hint)


def issue_slugs(issues_folder: Path) -> list[str]:
    """Return the slugs of the issues in a folder, oldest first."""
    return sorted(path.parent.name for path in issues_folder.glob(f"*/{FRAME}") if is_slug(path.parent.name))


def is_slug(text: str) -> bool:
    """Return whether `text` can name an issue: small letters, digits and hyphens, like 2023-12."""
    return _ISSUE_SLUG.fullmatch(text) is not None


def read_issue(folder: Path, *, helsefellesskap: Collection[str] | Mapping[str, str], publisher: str) -> IssueReading:
    """Read an issue's folder. `helsefellesskap` are slugs that items may name, or all names with their slugs."""
    shelf = _IssueFolder(folder=folder)
    issue = _read(shelf, known=KnownNames.of(helsefellesskap), publisher=publisher)
    failed = any(finding.severity is Severity.ERROR for finding in shelf.findings)
    findings = tuple(shelf.findings)
    return IssueReading(issue=None if failed else issue, findings=findings, sources=shelf.sources, readable=issue)


def _read(shelf: "_IssueFolder", *, known: KnownNames, publisher: str) -> Issue | None:
    text = shelf.text(shelf.folder / FRAME)
    images = picture_files(shelf.folder)
    slug = shelf.folder.name
    frame = None
    if text is not None:
        frame, findings = parse_frame(
            text, file=FRAME, slug=slug, publisher=publisher, known=known, images=images.keys()
        )
        shelf.findings += findings
    drafts = []
    lang = frame.issue.lang if frame else _lang_in(text or "")
    is_note = frame is not None and frame.issue.kind is IssueKind.NOTE
    for path in shelf.item_files(may_be_none=is_note):
        if (text := shelf.text(path)) is not None:
            draft, findings = parse_item(text, file=shelf.name(path), lang=lang, known=known, images=images.keys())
            shelf.findings += findings
            drafts += [draft] if draft else []
    if frame is None:
        return _items_alone(drafts, slug, publisher=publisher, lang=lang)
    issue, findings = assemble(frame, drafts, file=FRAME, sources=shelf.sources)
    shelf.findings += findings
    if is_note and not (issue.items or issue.intro):
        message, hint = msg("issues.note-without-text"), msg("issues.add-intro")
        shelf.error(shelf.folder / FRAME, message, line=issue.lines["kind"], hint=hint)
    return replace(issue, images=shelf.pictures(issue, images))


def picture_files(folder: Path) -> dict[str, Path]:
    """Return the pictures of an issue's folder by the path that an item writes; links to files elsewhere do not count.

    Of two names that differ only in how å is written, the one as texts have it counts.
    """
    if (folder / IMAGES).is_symlink():
        return {}
    files = [path for path in sorted((folder / IMAGES).glob("*")) if path.is_file() and not path.is_symlink()]
    return {path_of(path.name): path for path in sorted(files, key=lambda each: is_normalized("NFC", each.name))}


def files_of(folder: Path) -> Iterator[Path]:
    """Yield the files that an issue is read from, also through links: the frame, the items, the pictures."""
    yield folder / FRAME
    yield from (folder / ITEMS).glob("*")
    if not (folder / IMAGES).is_symlink():
        yield from (folder / IMAGES).glob("*")


def _lang_in(broken: str) -> Lang:
    """Return the language that a frame names which is no TOML as a whole."""
    named = _LANG.search(broken)
    return (find_lang(named[1]) if named else None) or DEFAULT_LANG


def _items_alone(drafts: Sequence[ItemDraft], slug: str, *, publisher: str, lang: Lang) -> Issue | None:
    """The items of an issue whose frame cannot be read, to be looked at as they are."""
    text = f'title = "{slug}"\nlang = "{lang}"\n'
    frame, _ = parse_frame(text, file=FRAME, slug=slug, publisher=publisher, known=KnownNames.of(()))
    return assemble(frame, drafts, file=FRAME, sources={FRAME: text})[0] if frame else None


def _by_number(path: Path) -> list[str | int]:
    """Sort `2-b.md` before `10-a.md`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", path.name)]


@dataclass(slots=True, kw_only=True)
class _IssueFolder:
    """The files of one issue's folder, each read once and within bounds."""

    folder: Path
    findings: list[Finding] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)

    def name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def error(self, path: Path, message: str, *, hint: str = "", line: int = 0, column: int = 0) -> None:
        notes = FindingCollector(file=self.name(path), text="", findings=self.findings)
        notes.error("unreadable", message, line=line, hint=hint, column=column)

    def text(self, path: Path) -> str | None:
        """Return a file's text in NFC with newlines as line ends, or note why it cannot be read."""
        data = self.data(path, at_most=TEXT_BYTES_AT_MOST)
        if data is None:
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            *before, last = error.object[: error.start].decode("utf-8").split("\n")
            line, column = len(before) + 1, len(last) + 1
            self.error(path, msg("issues.not-utf-8"), line=line, column=column, hint=msg("issues.save-as-utf-8"))
            return None
        self.note_unprintable(path, text)
        text = printable(text)
        if beyond := next(islice(PIECE.finditer(text), PIECES_AT_MOST, None), None):
            line, column = text.count("\n", 0, beyond.start()) + 1, beyond.start() - text.rfind("\n", 0, beyond.start())
            message, hint = msg("issues.file-of-too-many-pieces", most=PIECES_AT_MOST), msg("issues.part-the-file")
            self.error(path, message, line=line, column=column, hint=hint)
            return None
        self.sources[self.name(path)] = text
        return text

    def note_unprintable(self, path: Path, text: str) -> None:
        """Warn of each line with unprintable characters, at the first of each kind."""
        lines = enumerate(re.split(r"\r\n?|\n", with_plain_signs(text)), start=1)
        parted = (
            (number, is_break, _unprintable(line, is_break=is_break))
            for number, line in lines
            for is_break in (True, False)
        )
        for number, is_break, (first, *others) in islice((each for each in parted if each[2]), OF_EACH_RULE):
            name = name_of(first[0][0])
            words = "issues.line-break-character" if is_break else "issues.unprintable"
            self.findings.append(
                Finding(
                    severity=Severity.WARNING,
                    rule="character",
                    message=msg(words, count=1 + len(others), character=name, more=len(others)),
                    file=self.name(path),
                    line=number,
                    column=first.start() + 1,
                    hint=msg("issues.line-break-character-hint") if is_break else msg("issues.unprintable-hint"),
                )
            )

    def data(self, path: Path, *, at_most: int) -> bytes | None:
        try:
            if path.stat().st_size <= at_most:
                return path.read_bytes()
        except FileNotFoundError:
            self.error(path, msg("issues.file-missing"), hint=msg("issues.where-files-come-from"))
        except OSError as error:
            self.error(path, msg("issues.file-unreadable", reason=reason_of(error)))
        else:
            self.error(
                path, msg("issues.file-too-large", kilobytes=at_most // 1000), hint=msg("issues.make-it-smaller")
            )
        return None

    def item_files(self, *, may_be_none: bool) -> list[Path]:
        """Return the items' files in the order of their names."""
        folder = self.folder / ITEMS
        paths = sorted((path for path in folder.glob("*") if not path.name.startswith((".", "~"))), key=_by_number)
        files = [path for path in paths if path.suffix.lower() == ".md" and path.is_file()]
        for path in paths:
            if path not in files:
                notes = FindingCollector(file=self.name(path), text="", findings=self.findings)
                notes.warning("ignored", msg("issues.no-item"), line=0, hint=msg("issues.items-end-in-md"))
        if not files and not may_be_none:
            self.error(folder, msg("issues.no-items"), hint=msg("issues.add-items"))
        if len(files) > ITEMS_AT_MOST:
            self.error(folder, msg("issues.too-many-items", items=len(files), most=ITEMS_AT_MOST))
        return files[:ITEMS_AT_MOST]

    def pictures(self, issue: Issue, paths: Mapping[str, Path]) -> dict[str, bytes]:
        """Return the bytes of the pictures that the issue shows."""
        used = {image.path for image in images_of(issue)}
        found = {name: self.data(paths[name], at_most=IMAGE_BYTES_AT_MOST) for name in sorted(used & paths.keys())}
        return {name: data for name, data in found.items() if data is not None}


def _unprintable(line: str, *, is_break: bool) -> list[re.Match[str]]:
    return [each for each in UNPRINTABLE.finditer(line) if bool(SEPARATORS.match(each[0])) is is_break]
