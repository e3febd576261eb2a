"""The result of composing: the texts of one variant, with slots where a recipient's own values go."""

from dataclasses import dataclass

from mailer.compose.pictures.picture import Picture
from mailer.compose.slots import Slot
from mailer.issue.model import Finding
from mailer.languages import DEFAULT_LANG, Lang


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantKey:
    """The values that distinguish one variant of an issue from another.

    `own` are the reader's helsefellesskap among those the issue has items about, in register order;
    `lang` is the reader's language and changes only the service lines.
    """

    own: tuple[str, ...] = ()
    lang: Lang = DEFAULT_LANG

    def __str__(self) -> str:
        return f"{self.lang}:{'+'.join(self.own)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposedIssue:
    """One variant of an issue. `html` begins with `<!DOCTYPE html>`; `mjml` is its source, for the curious.

    `images` are the pictures that `html` shows by their `cid:`; the message must carry them.
    """

    key: VariantKey
    subject: str
    preheader: str
    html: str
    text: str
    mjml: str
    lang: Lang
    slots: frozenset[Slot]
    images: tuple[Picture, ...] = ()
    findings: tuple[Finding, ...] = ()
