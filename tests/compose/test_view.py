"""The view of an issue that templates draw: places by `publication`, dates by `dated`, names without breaks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from mailer.compose.composed import VariantKey
from mailer.compose.dated import date_findings
from mailer.compose.publication import Helsefellesskap, Publication
from mailer.compose.view import IssueView, build_view
from mailer.issue.model import (
    CalendarDate,
    Contact,
    DateKind,
    ImportantDate,
    Issue,
    Item,
    ItemDate,
    Precision,
    Section,
    Severity,
    Text,
)
from mailer.rendering.templates import Templates


@pytest.fixture
def view(templates: Templates, publication: Publication) -> Callable[..., IssueView]:
    def build(issue: Issue, *own: str) -> IssueView:
        key = VariantKey(own=own, lang=issue.lang)
        return build_view(issue, key, labels=templates.labels, publication=publication)

    return build


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Nyheitsbrev for helsefellesskap", ("Nyheitsbrev", "for helsefellesskap")),
        ("Nytt frå direktoratet", ("Nytt", "frå direktoratet")),
        ("Helsenytt", ("Helsenytt",)),
        (" for alle", (" for alle",)),
    ],
)
def test_a_name_breaks_before_its_preposition(
    small_issue: Issue, view: Callable[..., IssueView], title: str, lines: tuple[str, ...]
) -> None:
    assert view(replace(small_issue, title=title)).title_lines == lines


def test_the_band_is_grouped_by_region_in_register_order(small_issue: Issue, view: Callable[..., IssueView]) -> None:
    shown = view(small_issue, "oslo")
    assert [len(region) for region in shown.band] == [4, 3, 4, 8]
    assert [(mark.place.slug, mark.own) for mark in shown.places] == [("oslo", True)]
    assert shown.own_places == ("Oslo",)


def test_a_place_is_named_without_its_explanation() -> None:
    assert Helsefellesskap(slug="vest-viken", short="Vest-Viken (Vestre Viken)", region="sor-ost").name == "Vest-Viken"


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (CalendarDate(start=date(2024, 2, 1), precision=Precision.MONTH), "Neste nyheitsbrev kjem i februar"),
        (CalendarDate(start=date(2024, 2, 6)), "Neste nyheitsbrev kjem tysdag 6. februar"),
        (CalendarDate(start=date(2025, 2, 6)), "Neste nyheitsbrev kjem torsdag 6. februar 2025"),
    ],
)
def test_the_next_issue_is_announced_with_no_more_than_needed(
    small_issue: Issue, view: Callable[..., IssueView], when: CalendarDate, words: str
) -> None:
    announced = view(replace(small_issue, next_issue=when)).next_issue
    assert announced is not None
    assert announced.text.replace("\N{NO-BREAK SPACE}", " ") == words


def test_a_sami_issue_announces_the_next_in_bokmaal_with_a_bokmaal_date(
    small_issue: Issue, view: Callable[..., IssueView]
) -> None:
    announced = view(replace(small_issue, lang="se", next_issue=CalendarDate(start=date(2024, 2, 6)))).next_issue
    assert announced is not None
    assert announced.lang == "nb"
    assert announced.text.replace("\N{NO-BREAK SPACE}", " ") == "Neste nyhetsbrev kommer tirsdag 6. februar"


def test_contributions_go_to_the_issue_s_contact_before_the_newsletter_s(
    small_issue: Issue, view: Callable[..., IssueView]
) -> None:
    assert view(small_issue).editor == "redaksjon@nyhetsbrev.example"
    contact = Contact(email="kari@oslo.example")
    assert view(replace(small_issue, contact=contact)).editor == "kari@oslo.example"


def test_dates_stand_in_order_and_a_month_counts_until_its_end(
    small_issue: Issue, make_item: Callable[..., Item], view: Callable[..., IssueView]
) -> None:
    month = ItemDate(when=CalendarDate(start=date(2023, 12, 1), precision=Precision.MONTH), kind=DateKind.PUBLICATION)
    day = ItemDate(when=CalendarDate(start=date(2023, 12, 14)), kind=DateKind.EVENT)
    items = (make_item(1, dates=(day, month), helsefellesskap=("oslo",)),)
    rows = view(replace(small_issue, sections=(Section(id="", items=items),)), "oslo").dates
    assert [(row.kind_msgid, row.own) for row in rows] == [
        ("Publication", True),
        ("Event", True),
        ("Deadline for contributions", False),
    ]


def test_the_masthead_names_four_deadlines_and_each_day_once(
    small_issue: Issue, make_item: Callable[..., Item], view: Callable[..., IssueView]
) -> None:
    days = (9, 9, 10, 11, 12, 13)
    dates = tuple(ItemDate(when=CalendarDate(start=date(2023, 12, day)), kind=DateKind.DEADLINE) for day in days)
    items = (make_item(1, dates=dates),)
    shown = view(replace(small_issue, sections=(Section(id="", items=items),)))
    assert [day.replace("\N{NO-BREAK SPACE}", " ") for day in shown.deadlines] == [
        "9. desember",
        "10. desember",
        "11. desember",
    ]


@pytest.mark.parametrize(
    ("day", "written"),
    [
        (date(2023, 12, 31), "31. desember"),
        (date(2024, 1, 2), "2. januar"),
        (date(2024, 10, 31), "31. oktober"),
        (date(2024, 11, 1), "1. november 2024"),  # "november" alone might be the one before the issue
        (date(2025, 1, 2), "2. januar 2025"),
    ],
)
def test_a_deadline_is_written_without_its_year_as_long_as_readers_take_it_for_the_next(
    day: date, written: str, small_issue: Issue, make_item: Callable[..., Item], view: Callable[..., IssueView]
) -> None:
    items = (make_item(1, dates=(ItemDate(when=CalendarDate(start=day), kind=DateKind.DEADLINE),)),)
    (shown,) = view(replace(small_issue, sections=(Section(id="", items=items),))).deadlines
    assert shown.replace("\N{NO-BREAK SPACE}", " ") == written


def test_a_section_whose_parent_is_unknown_is_named_by_it(small_issue: Issue, view: Callable[..., IssueView]) -> None:
    section = Section(id="midt", title="Helse Midt", parent="RHF", items=small_issue.items)
    (shown,) = view(replace(small_issue, sections=(section,))).sections
    assert shown.contents_title == "RHF · Helse Midt"


def test_the_editor_is_told_when_the_dates_are_the_items_own(
    small_issue: Issue, view: Callable[..., IssueView]
) -> None:
    (finding,) = date_findings(small_issue, view(small_issue).dates)
    assert (finding.severity, finding.file) == (Severity.NOTE, "issue.toml")
    dates = tuple(each for item in small_issue.items for each in item.dates)
    entries = tuple(ImportantDate(when=each.when, kind=each.kind, text=(Text("Samling"),)) for each in dates)
    written = replace(small_issue, important_dates=entries)
    assert date_findings(written, view(written).dates) == ()
    assert date_findings(small_issue, ()) == ()


def test_dates_of_items_that_the_editor_s_list_lacks_are_shown_and_named(
    small_issue: Issue, make_item: Callable[..., Item], view: Callable[..., IssueView]
) -> None:
    def told(day: date, kind: DateKind = DateKind.DEADLINE, *, is_month: bool = False) -> ItemDate:
        precision = Precision.MONTH if is_month else Precision.DAY
        return ItemDate(when=CalendarDate(start=day, precision=precision), kind=kind, line=5)

    past, same, lacking = date(2023, 11, 1), date(2023, 12, 14), date(2023, 12, 20)
    first = make_item(1, dates=(told(past), told(same), told(lacking)))
    second = make_item(2, dates=(told(date(2024, 1, 1), DateKind.LAUNCH, is_month=True), told(lacking)))
    entries = (
        ImportantDate(
            when=CalendarDate(start=date(2023, 12, 24)), text=(Text("Frist i lista"),), kind=DateKind.DEADLINE
        ),
        ImportantDate(when=CalendarDate(start=same), text=(Text("Kjend"),), kind=DateKind.DEADLINE, item=second.slug),
        ImportantDate(when=CalendarDate(start=same), text=(Text("Kjend"),), kind=DateKind.DEADLINE, item=first.slug),
    )
    issue = replace(small_issue, important_dates=entries, sections=(Section(id="", items=(first, second)),))
    shown = view(issue)
    assert [(row.when.start, row.item, bool(row.event), len(row.also)) for row in shown.dates] == [
        (same, 2, True, 0),
        (same, 1, True, 1),
        (lacking, 1, True, 0),
        (lacking, 2, True, 0),
        (date(2023, 12, 24), 0, True, 0),
        (date(2024, 1, 1), 2, False, 0),
    ]
    assert len({row.event for row in shown.dates}) == 6
    assert [day.replace("\N{NO-BREAK SPACE}", " ") for day in shown.deadlines] == ["14. desember", "20. desember"]
    badges = [[due.day for due in item.deadlines] for section in shown.sections for item in section.items]
    assert [len(each) for each in badges] == [3, 2]
    findings = date_findings(issue, shown.dates)
    assert [(each.rule, each.severity, each.file, each.line, each.words) for each in findings] == [
        ("unlisted-date", Severity.NOTE, first.file, 5, "2023-12-20"),
        ("unlisted-date", Severity.NOTE, second.file, 5, "2024-01"),
        ("unlisted-date", Severity.NOTE, second.file, 5, "2023-12-20"),
    ]
    assert findings[0].hint.endswith("with item = the item's slug.")
