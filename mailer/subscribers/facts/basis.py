"""The basis for writing to somebody: which letter of GDPR art. 6(1) a reference text names."""

import re
from functools import lru_cache

from mailer.errors import MailerError

# "e: public task", "a – signed up", and "Art. 6 nr. 1 e", "art. 6(1)(a)", "artikkel 6 nr. 1 bokstav b". Not "e-post …".
_ARTICLE = re.compile(
    r"""^\s*([a-f])\s*(?:[:)]|\s[–-](?=\s|$)|$)
    | \bart(?:\.|ikkel|icle)?\s*6\W*(?:nr|no)?\W*1\W*(?:bokstav|letter|litra)?\W*([a-f])\b""",
    re.IGNORECASE | re.VERBOSE,
)
_KNOWN = {"a", "b", "e"}

FORMS = (
    "Give --basis (or the column grunnlag): a letter of GDPR article 6(1), a colon and a reference: "
    '"a: signed up by e-mail" (consent), "b: agreement 24/1234" (contract) or "e: case 24/1234" (public task).'
)


class BasisError(MailerError):
    """A basis that names no letter of the law, or no reference."""


@lru_cache(maxsize=1_000)
def require_basis(basis: str) -> str:
    """Return a basis that names a letter and a reference as it is; raises `BasisError`."""
    if not basis.strip():
        raise BasisError("the basis is missing", hint=FORMS)
    if not article_of(basis):
        raise BasisError(
            f"the basis {basis[:40]!r} begins with none of a: (consent), b: (contract) and e: (public task)", hint=FORMS
        )
    if not any(map(str.isalnum, _ARTICLE.sub("", basis, count=1))):
        raise BasisError(f"the basis {basis[:40]!r} has no reference", hint=FORMS)
    return basis


def article_of(basis: str) -> str:
    """Return a, b or e, or nothing when the first letter that the text names is another, or none."""
    found = _ARTICLE.search(basis)
    letter = (found[1] or found[2]).lower() if found else ""
    return letter if letter in _KNOWN else ""
