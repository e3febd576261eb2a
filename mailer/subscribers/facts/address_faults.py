"""Words of `email_validator` for a malformed address, which it has in English only, inside its code."""

from functools import lru_cache

from mailer.catalogue.recognising import recognise

SENTENCES = (
    "people.fault-no-at",
    "people.fault-nothing-before",
    "people.fault-nothing-after",
    "people.fault-starts-with-period",
    "people.fault-period-before",
    "people.fault-period-after",
    "people.fault-hyphen-after",
    "people.fault-ends-with-period",
    "people.fault-ends-with-hyphen",
    "people.fault-two-periods",
    "people.fault-period-and-hyphen",
    "people.fault-two-hyphens",
    "people.fault-characters-before",
    "people.fault-characters-after",
    "people.fault-unsafe-characters",
    "people.fault-quoted",
    "people.fault-brackets",
    "people.fault-angle-brackets",
    "people.fault-no-period",
    "people.fault-no-top-level",
    "people.fault-reserved",
    "people.fault-too-long-before",
    "people.fault-too-long-after",
    "people.fault-too-long-between",
    "people.fault-no-idna",
    # within these
    "people.fault-and-space",
    "people.fault-space",
    "people.fault-one-too-many",
    "people.fault-too-many",
)


@lru_cache(maxsize=1_000)
def explain(said: str) -> str:
    """Return the validator's sentence as a message: one that it did not have before as it is."""
    return recognise(said, SENTENCES)
