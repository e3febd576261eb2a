"""What a line of an import comes to: decided for one person at a time, from values alone.

It is told by `model` with the `changes` field by field.
"""

from dataclasses import replace

import pytest

from mailer.subscribers.facts.changes import Change
from mailer.subscribers.imports.comparing import ExpectedPerson, decide
from mailer.subscribers.imports.contradictions import ComparedLine
from mailer.subscribers.imports.model import Outcome
from mailer.subscribers.model import SubscriptionStatus

ACTIVE, PENDING, LEFT, SUPPRESSED = (
    SubscriptionStatus.ACTIVE,
    SubscriptionStatus.PENDING,
    SubscriptionStatus.UNSUBSCRIBED,
    SubscriptionStatus.SUPPRESSED,
)


BASIS = "e: case 1"


def _line(n: int, slug: str, *, outcome: Outcome | None = None, basis: str = BASIS, **facts: str) -> ComparedLine:
    given = dict.fromkeys(("name", "organisation", "role", "lang"), "") | facts
    return ComparedLine(
        n=n,
        list=slug,
        list_lang="nn",
        basis=basis,
        outcome=outcome,
        facts=given,
        status=ACTIVE,
        said="",
        place="",
    )


def _opt_out(
    n: int, slug: str, status: SubscriptionStatus, said: str = "", outcome: Outcome | None = None
) -> ComparedLine:
    return replace(_line(n, slug, outcome=outcome), status=status, said=said)


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


@pytest.mark.parametrize(
    ("statuses", "slug", "status", "outcome", "reason"),
    [
        ({}, "oslo", LEFT, Outcome.KEPT_OUT, "the file says stop"),
        ({}, "all", SUPPRESSED, Outcome.KEPT_OUT, "the file says stop"),
        ({"oslo": ACTIVE}, "oslo", LEFT, Outcome.LEAVES, "the file says stop"),
        ({"oslo": PENDING}, "oslo", SUPPRESSED, Outcome.LEAVES, "the file says stop"),
        ({"oslo": ACTIVE}, "agder", LEFT, Outcome.KEPT_OUT, "the file says stop"),
        ({"oslo": LEFT}, "oslo", LEFT, Outcome.LEFT, ""),
        ({"oslo": LEFT}, "agder", LEFT, Outcome.KEPT_OUT, "the file says stop"),
        ({"oslo": LEFT}, "oslo", SUPPRESSED, Outcome.KEPT_OUT, "the file says stop"),
        ({"oslo": SUPPRESSED}, "oslo", LEFT, Outcome.SUPPRESSED, ""),
        ({"oslo": SUPPRESSED}, "oslo", SUPPRESSED, Outcome.SUPPRESSED, ""),
        (
            {"oslo": ACTIVE, "agder": LEFT, "fonna": PENDING},
            "all",
            LEFT,
            Outcome.LEAVES,
            "the file says stop; leaves oslo, fonna",
        ),
        ({"oslo": LEFT, "agder": SUPPRESSED}, "all", LEFT, Outcome.LEFT, ""),
        ({"oslo": SUPPRESSED}, "all", LEFT, Outcome.KEPT_OUT, "the file says stop"),
        ({"oslo": LEFT}, "all", SUPPRESSED, Outcome.KEPT_OUT, "the file says stop"),
    ],
)
def test_what_an_opt_out_comes_to_depends_on_what_the_register_says_already(
    *, statuses: dict[str, SubscriptionStatus], slug: str, status: SubscriptionStatus, outcome: Outcome, reason: str
) -> None:
    (decided,) = decide(_person(**statuses) if statuses else None, [_opt_out(1, slug, status, "stop")])
    assert (decided.outcome, decided.reason, decided.makes_person) == (outcome, reason, not statuses)


def test_of_opt_outs_for_one_list_the_strictest_counts_and_of_equals_the_first() -> None:
    lines = [
        _opt_out(1, "oslo", LEFT),
        _opt_out(2, "oslo", SUPPRESSED),
        _opt_out(3, "oslo", SUPPRESSED),
        _line(4, "oslo"),
    ]
    decided = decide(_person(oslo=ACTIVE), lines)
    assert [(each.outcome, each.reason) for each in decided] == [
        (Outcome.DUPLICATE, ""),
        (Outcome.LEAVES, "the file says suppressed"),
        (Outcome.DUPLICATE, ""),
        (Outcome.DUPLICATE, "the file says suppressed for the same address, which holds"),
    ]


def test_an_opt_out_from_all_lists_holds_against_every_other_line_but_not_against_one_that_is_settled() -> None:
    lines = [_line(1, "oslo"), _line(2, "agder", outcome=Outcome.SUPPRESSED), _opt_out(3, "all", LEFT, "stop")]
    decided = decide(None, lines)
    assert [(each.outcome, each.reason, each.makes_person) for each in decided] == [
        (Outcome.DUPLICATE, "the file says stop for the same address, which holds", False),
        (Outcome.SUPPRESSED, "", False),
        (Outcome.KEPT_OUT, "the file says stop", True),
    ]
    (settled,) = decide(None, [_opt_out(1, "oslo", LEFT, outcome=Outcome.SUPPRESSED)])
    assert (settled.outcome, settled.reason, settled.makes_person) == (Outcome.SUPPRESSED, "", False)


def test_the_first_of_two_opt_outs_brings_the_address_of_somebody_unknown() -> None:
    decided = decide(None, [_opt_out(1, "oslo", LEFT), _opt_out(2, "agder", LEFT)])
    assert [each.makes_person for each in decided] == [True, False]
