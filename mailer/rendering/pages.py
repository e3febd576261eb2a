"""The addresses of the public pages; mails link to them and `web` serves them, so both read this one table."""

from dataclasses import dataclass


def item_anchor(slug: str) -> str:
    """Return the lasting address of an item within the web version of its issue."""
    return f"om-{slug}"


@dataclass(frozen=True, slots=True)
class Pages:
    """Addresses under `base_url` (https, without a final slash). A token names a subscriber, never an address.

    `can_change` says whether the page behind `preferences` changes a subscription. As long as one can only leave there,
    mails do not offer it beside the link to leave; the page stays for the mails that did. `accessibility` is the
    address of the accessibility statement, "" while there is none.
    """

    base_url: str
    can_change: bool = False
    accessibility: str = ""

    def issue(self, slug: str) -> str:
        """The web version of an issue."""
        return f"{self.base_url}/{slug}"

    def pdf(self, slug: str) -> str:
        """The PDF of an issue."""
        return f"{self.base_url}/{slug}.pdf"

    def calendar(self, slug: str) -> str:
        """The dates of an issue as iCalendar."""
        return f"{self.base_url}/{slug}.ics"

    def item(self, slug: str, item: str) -> str:
        """An item in the web version of its issue, by its slug: its number is another when one is put before it."""
        return f"{self.issue(slug)}#{item_anchor(item)}"

    def event(self, slug: str, name: str) -> str:
        """One date of an issue as iCalendar, by the name of what it is."""
        return f"{self.base_url}/{slug}/{name}.ics"

    @property
    def archive(self) -> str:
        """Return the page of all issues."""
        return f"{self.base_url}/"

    @property
    def subscribe(self) -> str:
        """The form to subscribe."""
        return f"{self.base_url}/subscribe"

    @property
    def privacy(self) -> str:
        """Return the page that tells which data are stored, why, and whom to ask."""
        return f"{self.base_url}/privacy"

    def leave(self, token: str) -> str:
        """The page with the button to leave."""
        return f"{self.base_url}/leave/{token}"

    def one_click(self, token: str) -> str:
        """Return the address to which a mail program posts a one-click unsubscribe (RFC 8058)."""
        return f"{self.base_url}/one-click/{token}"

    def preferences(self, token: str) -> str:
        """The page to change lists and language."""
        return f"{self.base_url}/preferences/{token}"
