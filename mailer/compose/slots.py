"""The places in a composed text where each recipient's own values go.

A slot is written into templates as a token of letters and digits that nothing in the chain (Jinja2, MJML,
premailer, quoted-printable) changes; in an href it is a whole address under the reserved name `.invalid`
(RFC 2606). `mailer.message.compiled` cuts the text at the tokens once and joins bytes per recipient.
"""

from enum import StrEnum


class Slot(StrEnum):
    """A value of one recipient. The URL slots hold a whole https address."""

    EMAIL = "email"
    UNSUBSCRIBE_URL = "unsubscribeurl"
    PREFERENCES_URL = "preferencesurl"

    @property
    def is_url(self) -> bool:
        """Return whether the value is an address to be put into an href."""
        return self in {Slot.UNSUBSCRIBE_URL, Slot.PREFERENCES_URL}

    @property
    def token(self) -> str:
        """Return the token that stands in the composed text in place of the value."""
        name = f"slot9x7q4{self.value}4q7x9"
        return f"https://{name}.invalid/" if self.is_url else name


REQUIRED = frozenset({Slot.UNSUBSCRIBE_URL})
