"""The same refusal to several in a row: about us, though each of them sounds as if it were about a recipient."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from mailer.delivery.answer_rows import About
from mailer.delivery.answers import about
from mailer.delivery.model import Attempt
from mailer.delivery.words_of_answers import kind_of
from mailer.transport.base import Reply

IN_A_ROW = 5
DOMAINS = 3
IN_A_ROW_AT_FEW_DOMAINS = 10
CONNECTIONS_IN_A_ROW = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One recipient's answer, and the how-manieth of the run it was."""

    reply: Reply
    attempt: Attempt
    number: int

    @property
    def domain(self) -> str:
        """Return the domain of the recipient."""
        return self.attempt.delivery.recipient.lower().rpartition("@")[2]

    @property
    def is_first(self) -> bool:
        """Return whether the recipient had never been tried before."""
        return self.attempt.delivery.attempts == 0


Streak = Mapping[int, Refusal]
"""By delivery."""


@dataclass(slots=True)
class Streaks:
    """Refusals on all connections since a message was last taken, by kind.

    A message counts as taken between only when its final dot went out after the refusal was heard: several
    connections' answers interleave, and what was on its way already proves nothing.
    """

    now: int = 0
    _by_kind: dict[str, dict[int, Refusal]] = field(default_factory=dict)

    def add(self, reply: Reply, attempt: Attempt) -> Streak:
        """Take note of a refusal; return all of its kind that came in a row."""
        self.now += 1
        delivery = attempt.delivery
        streak = self._by_kind.setdefault(kind_of(reply, recipient=delivery.recipient), {})
        streak[delivery.id] = Refusal(reply=reply, attempt=attempt, number=self.now)
        return streak

    def end(self, *, dot_sent: int) -> list[Attempt]:
        """Forget what was heard before `dot_sent`, the final dot of a message that was taken.

        Return those tries that were on trial: their answers were about their recipients alone.
        """
        ended = list[Attempt]()
        for streak in self._by_kind.values():
            over = [each for each, refusal in streak.items() if refusal.number <= dot_sent]
            ended += [streak.pop(each).attempt for each in over]
        self._by_kind = {kind: streak for kind, streak in self._by_kind.items() if streak}
        return [each for each in ended if each.is_on_trial]

    def end_all(self) -> list[Attempt]:
        """Return all tries that are on trial, at the end of the run or when no other recipient is left."""
        return self.end(dot_sent=self.now)


def is_about_us(streak: Streak, *, is_anybody_left: Callable[[Collection[str]], bool]) -> bool:
    """Return whether so many in a row are about us; `is_anybody_left` finds a recipient untried beyond some domains.

    False when no recipient is left to protect: a rest would serve none, and those put back once would be put back for
    ever.
    """
    first = next(iter(streak.values())).reply
    if about(first) is About.CONNECTION:
        return len(streak) >= CONNECTIONS_IN_A_ROW
    return _is_enough(first, streak, is_anybody_left) and (
        (first.is_permanent and any(each.is_first for each in streak.values())) or is_anybody_left(())
    )


def _is_enough(first: Reply, streak: Streak, is_anybody_left: Callable[[Collection[str]], bool]) -> bool:
    domains = {each.domain for each in streak.values()}
    # Content (5.6.x) and policy (5.7.x) are about the sender (RFC 3463 §3.7, §3.8), whoever hears of it.
    if first.enhanced.startswith(("5.6.", "5.7.")) or len(domains) >= DOMAINS:
        return len(streak) >= IN_A_ROW
    # Asked at each tenth: it may be asked of many.
    return len(streak) % IN_A_ROW_AT_FEW_DOMAINS == 0 and not is_anybody_left(domains)
