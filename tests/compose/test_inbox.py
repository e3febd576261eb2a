from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.composed import VariantKey
from mailer.compose.inbox import preheader_of, subject_of
from mailer.compose.publication import Publication
from mailer.compose.view import build_view
from mailer.issue.lint.completeness import LONGEST_PREHEADER
from mailer.issue.model import CalendarDate, DateKind, Issue, Item, ItemDate, Section
from mailer.rendering.templates import Templates


@pytest.fixture
def preheader(templates: Templates, publication: Publication) -> Callable[[Issue], str]:
    def write(issue: Issue) -> str:
        view = build_view(issue, VariantKey(lang=issue.lang), labels=templates.labels, publication=publication)
        return preheader_of(view, templates.labels).replace("\N{NO-BREAK SPACE}", " ")

    return write


def deadline(*day: int) -> ItemDate:
    return ItemDate(when=CalendarDate(start=date(*day)), kind=DateKind.APPLICATION_DEADLINE)


def test_the_subject_is_name_and_month(small_issue: Issue) -> None:
    assert subject_of(replace(small_issue, lang="en", title="Newsletter")) == "Newsletter – December 2023"


def test_the_editor_s_own_preheader_is_kept(small_issue: Issue, preheader: Callable[[Issue], str]) -> None:
    assert preheader(replace(small_issue, preheader="Les dette.")) == "Les dette."


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
