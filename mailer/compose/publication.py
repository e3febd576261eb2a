"""Values that composing needs besides the issue: the newsletter's places, pages and addresses."""

from dataclasses import dataclass
from typing import Literal

from mailer.issue.model import LongItems
from mailer.rendering.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Helsefellesskap:
    """One helsefellesskap as the mail shows it; places come in register order, grouped by region in the band."""

    slug: str
    short: str
    region: str
    place_se: str = ""

    @property
    def name(self) -> str:
        """The short name without the explanation in brackets: *Vest-Viken*, not *Vest-Viken (Vestre Viken)*."""
        return self.short.partition(" (")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The newsletter around the issue: its `name`, and who publishes it.

    `editor` is the address that contributions go to when the issue names none; `pictures` says whether a mail carries
    its pictures or names the web page where they are to be seen. `long_items` is the form of items of more than
    `long_item_words` words in mails, where neither issue nor item says another.
    """

    name: str
    publisher: str
    places: tuple[Helsefellesskap, ...]
    pages: Pages
    editor: str = ""
    pictures: Literal["embedded", "linked"] = "embedded"
    long_items: LongItems = LongItems.WHOLE
    long_item_words: int = 120
