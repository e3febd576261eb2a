"""Check that every recipient has the values for the slots of the mail, before anything is sent."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mailer.catalogue import msg
from mailer.errors import MailerError
from mailer.issue.model import Finding, Severity
from mailer.languages import LANGS
from mailer.message.addresses import wire_address
from mailer.message.headers import guard

if TYPE_CHECKING:
    from mailer.subscribers.audience import AudienceMember

SHOWN_AT_MOST = 5


def merge_findings(audience: "Iterable[AudienceMember]") -> tuple[Finding, ...]:
    """A finding for each of the first recipients whose values do not do, and their number."""
    problems = [(each, problem) for each in audience if each.exclusion is None and (problem := value_problem(each))]
    shown = [
        _finding(msg("findings.merge-values", number=str(each.subscriber_id), problem=problem))
        for each, problem in problems[:SHOWN_AT_MOST]
    ]
    more = len(problems) - len(shown)
    return (*shown, *([_finding(msg("findings.merge-values-more", count=more))] if more else ()))


def value_problem(member: "AudienceMember") -> str:
    """Return the problem with the values of one recipient, or nothing."""
    if member.subscriber_id <= 0:
        return msg("findings.merge-no-number")
    if member.lang not in LANGS:
        return msg("findings.merge-no-lang", lang=member.lang)
    try:
        wire_address(member.recipient)
        guard("To", member.recipient)
    except MailerError as error:
        return error.what
    return ""


def _finding(message: str) -> Finding:
    hint = "mailer subscribers show ADDRESS; mailer subscribers export"
    return Finding(severity=Severity.WARNING, rule="merge-values", message=message, file="issue.toml", hint=hint)
