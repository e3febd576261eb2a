"""What a line of an import comes to: decided for one person at a time, from values alone.

It is told by `model` with the `changes` field by field.
"""

from mailer.subscribers.facts.changes import Change
from mailer.subscribers.imports.comparing import ExpectedPerson, decide
from mailer.subscribers.imports.contradictions import ComparedLine
from mailer.subscribers.imports.model import Outcome
from mailer.subscribers.model import SubscriptionStatus

ACTIVE, LEFT, SUPPRESSED = (
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.UNSUBSCRIBED,
    SubscriptionStatus.SUPPRESSED,
)


BASIS = "e: case 1"


def _line(n: int, slug: str, *, outcome: Outcome | None = None, basis: str = BASIS, **facts: str) -> ComparedLine:
    given = dict.fromkeys(("name", "organisation", "role", "lang"), "") | facts
    return ComparedLine(n=n, list=slug, list_lang="nn", basis=basis, outcome=outcome, facts=given)


def _person(**statuses: SubscriptionStatus) -> ExpectedPerson:
    facts = {"name": "Ole", "organisation": "", "role": "", "lang": "nb"}
    return ExpectedPerson(facts=facts, statuses=dict(statuses), bases=dict.fromkeys(statuses, BASIS))


def _outcomes(person: ExpectedPerson | None, *lines: ComparedLine) -> list[Outcome]:
    return [each.outcome for each in decide(person, lines)]


def test_only_the_first_good_line_of_somebody_new_makes_the_person() -> None:
    decided = list(decide(None, [_line(1, "oslo"), _line(2, "oslo"), _line(3, "agder", name="Ole", lang="nb")]))
    assert [(each.outcome, each.makes_person) for each in decided] == [
        (Outcome.NEW, True),
        (Outcome.DUPLICATE, False),
        (Outcome.NEW, False),
    ]
    assert decided[2].changes == (
        Change(field="name", old="", new="Ole"),
        Change(field="lang", old="nn", new="nb"),  # the first list's language held until then
    )


def test_what_the_line_alone_has_settled_makes_nobody() -> None:
    decided = list(decide(None, [_line(1, "oslo", outcome=Outcome.SUPPRESSED), _line(2, "agder")]))
    assert [(each.outcome, each.makes_person) for each in decided] == [
        (Outcome.SUPPRESSED, False),
        (Outcome.NEW, True),
    ]


def test_who_left_one_list_joins_another_and_who_left_all_joins_none() -> None:
    assert _outcomes(_person(oslo=LEFT, agder=ACTIVE), _line(1, "oslo"), _line(2, "fonna")) == [
        Outcome.LEFT,
        Outcome.NEW,
    ]
    assert _outcomes(_person(oslo=LEFT), _line(1, "agder")) == [Outcome.LEFT]


def test_nobody_is_put_back_on_a_list_they_are_suppressed_on_nor_on_any_when_they_left_the_others() -> None:
    assert _outcomes(_person(oslo=SUPPRESSED), _line(1, "oslo"), _line(2, "agder")) == [Outcome.SUPPRESSED, Outcome.NEW]
    assert _outcomes(_person(oslo=SUPPRESSED, fonna=LEFT), _line(1, "agder")) == [Outcome.LEFT]


def test_an_empty_cell_changes_nothing_and_the_first_line_that_says_something_holds() -> None:
    decided = list(decide(_person(oslo=ACTIVE), [_line(1, "oslo", name="Ola"), _line(2, "agder", name="Olav")]))
    assert [each.changes for each in decided] == [(Change(field="name", old="Ole", new="Ola"),), ()]
    assert _outcomes(_person(oslo=ACTIVE), _line(1, "oslo")) == [Outcome.UNCHANGED]


def test_another_basis_is_a_change_for_who_is_on_the_list_and_for_nobody_else() -> None:
    new = Change(field="basis", old=BASIS, new="a: said yes")
    lines = [_line(1, "oslo", basis="a: said yes"), _line(2, "agder", basis="a: said yes"), _line(3, "oslo", basis="")]
    decided = list(decide(_person(oslo=ACTIVE), lines))
    assert [(each.outcome, each.changes, each.adds_basis) for each in decided] == [
        (Outcome.CHANGED, (new,), True),
        (Outcome.NEW, (), False),
        (Outcome.DUPLICATE, (), False),
    ]
    assert _outcomes(_person(oslo=LEFT), _line(1, "oslo", basis="a: said yes")) == [Outcome.LEFT]
