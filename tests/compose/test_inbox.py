import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.compose.composed import VariantKey
from mailer.compose.mail.inbox import LONGEST_SUBJECT, name_of, preheader_of, subject_of
from mailer.compose.publication import Publication
from mailer.compose.view import build_view
from mailer.issue.lint.completeness import LONGEST_PREHEADER
from mailer.issue.model import CalendarDate, DateKind, Issue, IssueKind, Item, ItemDate, Section
from mailer.rendering.templates import Templates


@pytest.fixture
def preheader(templates: Templates, publication: Publication) -> Callable[[Issue], str]:
    def write(issue: Issue) -> str:
        view = build_view(issue, VariantKey(lang=issue.lang), labels=templates.labels, publication=publication)
        return preheader_of(view, templates.labels).replace("\N{NO-BREAK SPACE}", " ")

    return write


def deadline(*day: int) -> ItemDate:
    return ItemDate(when=CalendarDate(start=date(*day)), kind=DateKind.APPLICATION_DEADLINE)


Titled = Callable[..., Issue]


@pytest.fixture
def titled(small_issue: Issue, make_item: Callable[..., Item]) -> Titled:
    def build(*titles: str, **changes: Any) -> Issue:
        items = tuple(replace(make_item(number), title=title) for number, title in enumerate(titles, 1))
        return replace(small_issue, sections=(Section(id="", items=items),), **changes)

    return build


@pytest.mark.parametrize(
    ("titles", "subject"),
    [
        (("Saman i dialog", "Ny rettleiar"), "Desember 2023: Saman i dialog · Ny rettleiar"),
        (("Saman i dialog – slik gjorde vi", "Tilskot: no kan du søkje."), "Desember 2023: Saman i dialog · Tilskot"),
        (("En", "To", "Tre", "Fire"), "Desember 2023: En · To · Tre"),
        (("A – b", "Ny rettleiar"), "Desember 2023: A – b · Ny rettleiar"),
        (("x" * 64, "Kort"), "Desember 2023: Kort"),
        (("x" * 63, "Kort"), f"Desember 2023: {'x' * 63}"),
        (("", "..."), "Nyheitsbrev for helsefellesskap – desember 2023"),
        ((), "Nyheitsbrev for helsefellesskap – desember 2023"),
    ],
)
def test_the_subject_is_month_and_news(titles: Sequence[str], subject: str, titled: Titled) -> None:
    assert subject_of(titled(*titles)) == subject


def test_the_editor_s_own_subject_and_the_title_of_a_short_letter_are_kept(titled: Titled) -> None:
    assert subject_of(titled("Sak", subject="Les om frist")) == "Les om frist"
    assert subject_of(titled("Sak", kind=IssueKind.NOTE, title="Rettelse")) == "Rettelse"
    assert name_of(titled("Sak", lang="en", title="Newsletter", subject="Les")) == "Newsletter – December 2023"


@given(titles=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=100), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_subject_never_ends_in_the_middle(titled: Titled, titles: list[str]) -> None:
    """Each part of it is a title, or one up to a dash or a colon, without marks at its end."""
    subject = subject_of(titled(*titles))
    assert len(subject) <= LONGEST_SUBJECT
    if subject.startswith("Desember 2023: "):
        wholes = {end.rstrip(" .:;–-") for each in titles for end in (each, *before_marks(each))}
        assert any(subject == f"Desember 2023: {' · '.join(each)}" for each in some_of(titles, wholes))


def before_marks(title: str) -> Iterator[str]:
    return (title[: each.start()] for each in re.finditer(r" [–—-] |: ", title))


def some_of(titles: Sequence[str], wholes: Collection[str]) -> Iterator[tuple[str, ...]]:
    options = [("", *sorted(each for each in wholes if each and title.startswith(each))) for title in titles]
    return (tuple(filter(None, each)) for each in product(*options))


def test_the_editor_s_own_preheader_is_kept(small_issue: Issue, preheader: Callable[[Issue], str]) -> None:
    assert preheader(replace(small_issue, preheader="Les dette.")) == "Les dette."


def test_the_preheader_of_a_short_letter_is_its_beginning(titled: Titled, preheader: Callable[[Issue], str]) -> None:
    assert preheader(titled(kind=IssueKind.NOTE)) == "Velkomen"
    assert preheader(titled()) == ""


def test_a_preheader_is_made_from_deadlines_then_places_then_titles(
    small_issue: Issue, make_item: Callable[..., Item], preheader: Callable[[Issue], str]
) -> None:
    dates = (deadline(2023, 12, 14), deadline(2024, 1, 15), deadline(2023, 11, 1))
    items = (make_item(1, dates=dates, helsefellesskap=("oslo", "vest-viken")), make_item(2))
    issue = replace(small_issue, sections=(Section(id="", items=items),))
    assert preheader(issue) == "Søknadsfristar 14. desember og 15. januar. Vest-Viken, Oslo. Tittel 1. Tittel 2"


def test_one_deadline_is_named_in_the_singular(small_issue: Issue, preheader: Callable[[Issue], str]) -> None:
    assert preheader(small_issue).startswith("Søknadsfrist 14. desember. Oslo")


def test_deadlines_of_several_kinds_are_called_deadlines(
    small_issue: Issue, make_item: Callable[..., Item], preheader: Callable[[Issue], str]
) -> None:
    consultation = ItemDate(when=CalendarDate(start=date(2023, 12, 20)), kind=DateKind.CONSULTATION_DEADLINE)
    items = (make_item(1, dates=(consultation, deadline(2023, 12, 14))),)
    issue = replace(small_issue, sections=(Section(id="", items=items),))
    assert preheader(issue).startswith("Fristar 14. desember og 20. desember. ")


@given(title=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=300))
def test_a_preheader_is_never_too_long_for_an_inbox(templates: Templates, publication: Publication, title: str) -> None:
    item = Item(slug="x", number=1, lang="nb", body=(), title=title)
    published = CalendarDate(start=date(2023, 12, 1))
    issue = Issue(
        slug="x", title="N", published=published, lang="nb", publisher="H", sections=(Section(id="", items=(item,)),)
    )
    view = build_view(issue, VariantKey(), labels=templates.labels, publication=publication)
    assert len(preheader_of(view, templates.labels)) <= LONGEST_PREHEADER
