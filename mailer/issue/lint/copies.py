"""Finds copies of items: files that a program copied, and items with the text or the title of another."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from mailer.catalogue import msg
from mailer.issue.findings import FindingCollector
from mailer.issue.lint.passages import links_in, passages_in
from mailer.issue.model import Item
from mailer.issue.pictures import images_in

FindingsAbout = Callable[[Item], FindingCollector]

WORDS_OF_ITS_OWN = 8
"""Of fewer words, such as *Se programmet.*, two items may have the same."""
_COPIED = re.compile(
    r"(?:copy of|kopi a[vf]) .+"  # Google Drive
    r"|.+(?: - (?:kopi|copy)(?: ?\(\d+\))?| (?:kopi|copy)(?: \d+)?| ?\(\d+\))"  # Windows, macOS, browsers
    r"|.+(?:conflicted copy|konflikterende kopi|konflikt\w* kopi|\.sync-conflict-).*",  # Dropbox, Nextcloud, Syncthing
    re.IGNORECASE,
)
_COPIED_BESIDE = re.compile(
    r"(?P<of>.+?)(?: \d+"  # iCloud
    r"|-(?:PC|DESKTOP|LAPTOP|WIN|MAC|Mac[Bb]ook|SURFACE)\b.*|-\w+-(?:PC|pc)|-[A-Z]{2}[A-Z-]*\d[A-Z\d-]*)"  # OneDrive
)
"""Names that are copies where a file of the name without the addition stands beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    """An item with its title and its text as two of them are compared: without capitals and spaces."""

    item: Item
    is_copied: bool
    title: str
    words: tuple[str, ...]
    shown: tuple[str, ...]

    def has_title_of(self, other: "_Content") -> bool:
        return self.title != "" and self.title == other.title

    def has_text_of(self, other: "_Content") -> bool:
        is_same = bool(self.words) and (self.words, self.shown) == (other.words, other.shown)
        return is_same and (len(self.words) >= WORDS_OF_ITS_OWN or self.has_title_of(other))


def note_copies(items: Sequence[Item], about: FindingsAbout) -> None:
    """Name each item that is another's copy; of two, the one whose file has the name of a copy, or the later one."""
    names = {PurePosixPath(item.file).stem for item in items}
    before: list[_Content] = []
    for content in sorted((_content_of(item, names) for item in items), key=lambda each: each.is_copied):
        _note(content, before, about(content.item))
        before.append(content)


def _note(content: _Content, before: Iterable[_Content], notes: FindingCollector) -> None:
    line, title = content.item.line, content.item.title
    if twin := next(filter(content.has_text_of, before), None):
        message, hint = msg("issues.copy-of-text", other=twin.item.file), msg("issues.delete-one-item")
        notes.error("copy", message, line=line, words=title, hint=hint)
    elif twin := next(filter(content.has_title_of, before), None):
        message, hint = msg("issues.copy-of-title", other=twin.item.file), msg("issues.give-another-title")
        notes.warning("copy", message, line=line, words=title, hint=hint)
    elif content.is_copied:
        message, hint = msg("issues.copy-by-name"), msg("issues.rename-the-copy")
        notes.warning("copy", message, line=line, words=title, hint=hint)


def _content_of(item: Item, names: Collection[str]) -> _Content:
    passages = [*passages_in(item.body, item.file)]
    addresses = [link.url for _, link in links_in(passages)]
    pictures = [each.path for each in images_in(item.body)]
    return _Content(
        item=item,
        is_copied=_is_copied(PurePosixPath(item.file).stem, names),
        title=" ".join(item.title.casefold().split()),
        words=tuple(word for each in passages for word in each.words.casefold().split()),
        shown=(*addresses, *pictures),
    )


def _is_copied(name: str, names: Collection[str]) -> bool:
    beside = _COPIED_BESIDE.fullmatch(name)
    return bool(_COPIED.fullmatch(name) or (beside and beside["of"] in names))
