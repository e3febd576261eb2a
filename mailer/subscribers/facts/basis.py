"""The basis for writing to somebody: which letter of GDPR art. 6(1) a reference text names."""

import re
from functools import lru_cache

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.subscribers.facts.words import shown

# "e: public task", "a – signed up", and "Art. 6 nr. 1 e", "art. 6(1)(a)", "artikkel 6 nr. 1 bokstav b". Not "e-post …".
_ARTICLE = re.compile(
    r"""^\s*([a-f])\s*(?:[:)]|\s[–-](?=\s|$)|$)
    | \bart(?:\.|ikkel|icle)?\s*6\W*(?:nr|no)?\W*1\W*(?:bokstav|letter|litra)?\W*([a-f])\b""",
    re.IGNORECASE | re.VERBOSE,
)
_KNOWN = {"a", "b", "e"}


class BasisError(MailerError):
    """A basis that names no letter of the law, or no reference."""


@lru_cache(maxsize=1_000)
def require_basis(basis: str) -> str:
    """Return a basis that names a letter and a reference as it is; raises `BasisError`."""
    if not basis.strip():
        raise BasisError(msg("people.basis-missing"), hint=msg("people.basis-forms"))
    if not article_of(basis):
        what = msg("people.basis-no-letter", basis=shown(basis))
        raise BasisError(what, hint=msg("people.basis-forms"))
    if not any(map(str.isalnum, _ARTICLE.sub("", basis, count=1))):
        what = msg("people.basis-no-reference", basis=shown(basis))
        raise BasisError(what, hint=msg("people.basis-forms"))
    return basis


def article_of(basis: str) -> str:
    """Return a, b or e, or nothing when the first letter that the text names is another, or none."""
    found = _ARTICLE.search(basis)
    letter = (found[1] or found[2]).lower() if found else ""
    return letter if letter in _KNOWN else ""
