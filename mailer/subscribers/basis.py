"""The basis for writing to somebody: which letter of GDPR art. 6(1) a reference text names."""

import re

# "e: public task", "a – signed up", and "Art. 6 nr. 1 e", "art. 6(1)(a)", "artikkel 6 nr. 1 bokstav b".
_ARTICLE = re.compile(
    r"""^\s*([abe])\s*(?::|–|-|$)
    | \bart(?:\.|ikkel|icle)?\s*6\W*(?:nr|no)?\W*1\W*(?:bokstav|letter|litra)?\W*([abe])\b""",
    re.IGNORECASE | re.VERBOSE,
)


def article_of(basis: str) -> str:
    """Return a, b or e, or nothing when the text does not say."""
    found = _ARTICLE.search(basis)
    return (found[1] or found[2]).lower() if found else ""
