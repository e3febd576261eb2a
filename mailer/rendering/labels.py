"""The labels of mail, pages and PDF in each language, from gettext catalogues that are read when asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.languages import LANGS, Lang, fallbacks

SHIPPED_NAME = "Newsletter for health communities"


@dataclass(frozen=True, slots=True)
class Label:
    """Words and the language they are really in, which may not be the language asked for."""

    text: str
    lang: Lang

    def __str__(self) -> str:
        return self.text


class Labels:
    """The catalogues `locale/<lang>/LC_MESSAGES/mailer.po` of some folders; the first folder that has a label wins."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._catalogues: dict[Lang, dict[str, Message]] = {}

    def label(self, msgid: str, lang: Lang, **values: object) -> Label:
        """Return the label in `lang`, or its first fallback that has it, or `msgid`; `n` chooses the plural."""
        found = self.lang_of(msgid, lang)
        text = self._translation(msgid, found, is_one=values.get("n", 1) == 1)
        return Label(text.format(**values) if "{" in text else text, found)

    def newsletter_name(self, name: str, lang: Lang) -> str:
        """The newsletter's name as readers of `lang` know it; only the shipped name has translations."""
        return self.label(SHIPPED_NAME, lang).text if self._is_shipped(name) else name

    def is_newsletter_name(self, title: str, name: str) -> bool:
        """Return whether a title is the newsletter's name, in whichever of our languages."""
        return title == name or (self._is_shipped(name) and self._is_shipped(title))

    def _is_shipped(self, name: str) -> bool:
        return any(name == self.label(SHIPPED_NAME, lang).text for lang in LANGS)

    def has(self, msgid: str, lang: Lang) -> bool:
        """Return whether a catalogue of the language, or of a fallback, has this label."""
        return any(msgid in self._messages(each) for each in fallbacks(lang))

    def lang_of(self, msgid: str, lang: Lang) -> Lang:
        """The language that `label` would answer in: dates in a label are to be written in the same one."""
        return next((each for each in fallbacks(lang) if msgid in self._messages(each)), fallbacks(lang)[-1])

    def _translation(self, msgid: str, lang: Lang, *, is_one: bool) -> str:
        message = self._messages(lang).get(msgid)
        if message is None:
            return msgid
        forms = _forms(message)
        return forms[0] if is_one else forms[-1]

    def _messages(self, lang: Lang) -> dict[str, Message]:
        if lang not in self._catalogues:
            files = [folder / "locale" / lang / "LC_MESSAGES" / "mailer.po" for folder in reversed(self._folders)]
            self._catalogues[lang] = {
                msgid: message for file in files if file.is_file() for msgid, message in _read(file).items()
            }
        return self._catalogues[lang]


def _read(file: Path) -> dict[str, Message]:
    """The approved messages of one file by msgid: fuzzy ones wait for a reader of the language."""
    with file.open("rb") as stream:
        try:
            catalogue: Catalog = read_po(stream, abort_invalid=True)
        except (PoFileError, UnicodeDecodeError) as error:
            raise MailerError(
                msg("issues.labels-unreadable", reason=str(error)),
                where=str(file),
                hint=msg("issues.compare-labels"),
            ) from error
    approved = [each for each in catalogue if each.id and _is_approved(each)]
    return {each.id if isinstance(each.id, str) else each.id[0]: each for each in approved}


def _is_approved(message: Message) -> bool:
    forms = _forms(message)
    return not message.fuzzy and bool(forms) and all(forms)


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
