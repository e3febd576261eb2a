"""Headings that were copied from Word, with their numbers, which `chapters` tells from rows of tables."""

import pytest

from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import Heading, Table

SAID = "a number before a tab: Word copies headings so | If it is a heading, write ## before it."


def told(text: str) -> list[str]:
    _, findings = parse_blocks(text, file="x.md", lang="nb", first_line=5)
    return [
        f"{each.severity} {each.line}:{each.column} [{each.words}] {each.message} | {each.hint}"
        for each in findings
        if each.rule == "pasted-heading"
    ]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("1\tBakgrunn\nVi er i gang.", ["5:1 [1\tBakgrunn]"]),
        ("Vi er i gang.\n2.\tMål og tiltak\nDet går bra.", ["6:1 [2.\tMål og tiltak]"]),
        ("1.2.1\tØkonomi\n\nTekst.\n\n1.2.2 \tTid\n\nTekst.", ["5:1 [1.2.1\tØkonomi]", "9:1 [1.2.2 \tTid]"]),
        ("A\tB\tC\nx\t1\t2\n\n3\tResultater\n\nTekst.", ["8:1 [3\tResultater]"]),
        ("1.\tHvem kan søke?\n\nTekst.", ["5:1 [1.\tHvem kan søke?]"]),
        (
            "Sak 1/27\tGodkjenning\nVedtatt.\nPS 2/2027 \tØkonomi",
            ["5:1 [Sak 1/27\tGodkjenning]", "7:1 [PS 2/2027 \tØkonomi]"],
        ),
        ("SSU sak 3/27:\tStatus\n\nTekst.", ["5:1 [SSU sak 3/27:\tStatus]"]),
        ("§ 3\tKrav\n\nTekst.\n\nVedlegg 1\tskjema", ["5:1 [§ 3\tKrav]", "9:1 [Vedlegg 1\tskjema]"]),
        (f"1\tA{'a' * 71}\n\nTekst.", [f"5:1 [1\tA{'a' * 37}]"]),
    ],
)
def test_a_heading_that_was_copied_from_word_is_noted_at_its_place(text: str, places: list[str]) -> None:
    assert told(text) == [f"note {place} {SAID}" for place in places]


@pytest.mark.parametrize(
    "text",
    [
        "1\tVi er i gang.",
        "Sak 1/27\tVi er i gang.",
        "Sak 1/27\t3",
        "Sak 1/27\tMål\t3",
        "Sak 1/27\tMål\nSak 2/27\tTid",
        "1\tmål",
        "1\tMål\t3",
        "1 Mål",
        "2026\tMål",
        "10.00\tMat",
        "1\tB",
        f"1\tA{'a' * 72}",
        "1.\tMål\n2.\tTid",
        "1\tNord\n2\tSør",
        "> 1\tMål",
    ],
)
def test_points_rows_times_and_sentences_are_no_headings(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    "days",
    [
        "18. januar\tUtlysning\n1. mars\tFrist",
        "18.01.2027\tUtlysning\n01.03.2027\tFrist",
        "1. 3.\tUtlysning\n2. 3.\tFrist",
        "10.00\tVelkommen\n10.15\tMat",
        "9:30\tVelkommen\n10:15\tMat",
        "18/01\tUtlysning\n19/01\tFrist",
        "2027-01-18\tUtlysning\n2027-03-01\tFrist",
    ],
)
def test_a_heading_directly_above_days_or_hours_is_none_of_their_rows(days: str) -> None:
    text = f"4.\tKrav\nTekst.\n5.\tViktige datoer\n{days}"
    table = parse_blocks(text, file="x.md", lang="nb")[0][-1]
    assert told(text)[1] == f"note 7:1 [5.\tViktige datoer] {SAID}"
    assert isinstance(table, Table)
    assert len(table.all_rows) == 2


def test_days_and_hours_are_rows_among_themselves() -> None:
    assert told("1.2.\tKurs\n1.3.\tKurs") == told("1.1.\tKurs\n2.1.\tKurs") == []


TEXT = "Vi har nådd mange av målene i planen, og det går bra i alle kommunene i år."
PLAIN = "a short line without a full stop above text looks like a heading, and is none"
HINT = "If it is a heading, write ## before it."
BOLD_HINT = "If it is a heading, write ## before it in the place of the stars."


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        (f"Hei.\n\nResultater så langt\n\n{TEXT}", "7:1 [Resultater så langt]", HINT),
        (f"Hei.\n\nResultater så langt\n{TEXT}", "7:1 [Resultater så langt]", HINT),
        (f"Vi er i gang.\nMålgruppe\n{TEXT}", "6:1 [Målgruppe]", HINT),
        (f"Vi er i gang.\nMålgruppe\n\n{TEXT}", "6:1 [Målgruppe]", HINT),
        (f"Hei.\n\nHvem kan søke?\n\n{TEXT[:65]}\n{TEXT[65:]}", "7:1 [Hvem kan søke?]", HINT),
        (f"Hei.\n\nPlan\n\n{TEXT}", "7:1 [Plan]", HINT),
        (f"Hei.\n\n{'Ord ' * 14}Pris\n\n{TEXT}", f"7:1 [{'Ord ' * 10}]", HINT),
        (f"Hei.\n\nPlan\n\n{'O' * 11}{' ord' * 12}!", "7:1 [Plan]", HINT),
        (f"Hei.\n\nPlan\n\nDet er {'ord ' * 8}\nog {'ord ' * 8}\nog ord. Ja.", "7:1 [Plan]", HINT),
        (f"**{'O' * 80}**\n\n{TEXT}", f"5:1 [**{'O' * 38}]", BOLD_HINT),
        (f"**Resultater**\n\n{TEXT}", "5:1 [**Resultater**]", BOLD_HINT),
        (f"__Resultater:__\n{TEXT}", "5:1 [__Resultater:__]", BOLD_HINT),
        (f"Hei.\n\n2.1 Nye resultater\n{TEXT}", "7:1 [2.1 Nye resultater]", HINT),
        ("**Resultater**\n- a\n- b", "5:1 [**Resultater**]", BOLD_HINT),
        ("**Resultater**\n\n1. a\n2. b", "5:1 [**Resultater**]", BOLD_HINT),
    ],
)
def test_a_short_line_above_text_is_noted_as_what_may_be_a_heading(text: str, place: str, hint: str) -> None:
    assert told(text) == [f"note {place} {PLAIN} | {hint}"]


@pytest.mark.parametrize(
    "text",
    [
        f"Resultater så langt\n\n{TEXT}",
        f"Hei.\n\nResultater:\n\n{TEXT}",
        f"Hei.\n\nKari Nordmann\n\n{TEXT}",
        f"Hei.\n\nSe helse.example/mål\n\n{TEXT}",
        f"Hei.\n\nTelefon 12 34\n\n{TEXT}",
        f"Hei.\n\nVi er i gang.\n\n{TEXT}",
        f"Hei.\n\n{'Ord ' * 15}a\n\n{TEXT}",
        f"Hei.\n\nFra dem som\ner {TEXT[:1].lower()}{TEXT[1:]}",
        f"Vi er\nMålgruppe\n{TEXT}",
        "Hei.\n\nResultater\n\nDet går bra.",
        f"Hei.\n\nMål\n\n{TEXT}",
        f"Hei.\n\nPlan\n\n{'O' * 10}{' ord' * 12}!",
        f"Hei.\n\nPlan\n\nDet er {'ord ' * 8}\nog {'ord ' * 8}\nog ord\nog ord. Ja.",
        f"**{'O' * 81}**\n\n{TEXT}",
        f"**Fristen er 1. mars.**\n\n{TEXT}",
        "Hei.\n\nResultater\n\n- a\n- b",
        "Hei.\n\nResultater\n\n**Mål**",
        "**Resultater**\n\n> Sitat",
        "Hei.\n\nResultater",
        f"## Resultater\n\n{TEXT}",
        f"Vi er **glade**\n\n{TEXT}",
    ],
)
def test_names_labels_addresses_and_parts_of_a_sentence_are_no_headings(text: str) -> None:
    assert told(text) == []


ROWS = "Lege:\tepikrise\nSykepleier:\tmelding"


@pytest.mark.parametrize(
    ("text", "headings", "rows"),
    [
        (f"2\tAnsvar\n{ROWS}\n3\tFramgang\nRing.", [1, 4], 2),
        (f"1\tBakgrunn\n{ROWS}", [1], 2),
        ("Mål\t3\nVedlegg A\t12\n1\tBakgrunn\nVi er.", [3], 2),
        ("1\tBakgrunn\t3\n2\tMål\t4\n1\tBakgrunn\nVi er.\n2\tMål\nVi vil.", [3, 5], 2),
        (f"1\tBakgrunn\n1.1\tMål\n{ROWS}\n1.2\tTid\nVi.", [1, 2, 5], 2),
        (f"Del 1\tAnsvar\n{ROWS}\nDel 2\tTid\nVi.", [1, 4], 2),
        (f"Kapittel 3\tAnsvar\n{ROWS}\n\nKapittel 4\tTid\n\nVi.", [1, 5], 2),
        (f"1.\tAnsvar\n{ROWS}\n2.\tTid\nVi.", [1, 4], 2),
        ("Sak 1/24\tGodkjenning\nVedtak:\tGodkjent.", [1], 0),
        ("PS 12/2024:\tPlan\nVedtak:\tGodkjent.\nAnsvar:\tPer", [1], 2),
        ("Sak 1/24\tGodkjenning\nSak 2/24\tPlan", [], 2),
        ("Del 1\tOslo\nDel 2\tBodø\nDel 3\tVoss", [], 3),
        ("Nr\tTiltak\n1\tKurs", [], 2),
        ("Mål\t3\nNr\tTiltak\n1\tKurs", [], 3),
        (f"{ROWS}\n3\tFramgang", [], 3),
        (f"5\tAnsvar\n{ROWS}\n3\tFramgang", [], 4),
        (f"Del 1\tAnsvar\n{ROWS}\n2\tTid", [1], 3),
        ("Rom\tHva\n1\tMøterom\n7\tKantine\n2\tGarderobe", [], 4),
        ("Uke\tTema\n1\tOppstart\nPåske\tFri\n2\tMål", [], 4),
        ("Antall\tHvem\n1\tLeger\nTo\tSykepleiere\nTre\tAndre\n24\tI alt", [], 5),
    ],
)
def test_a_heading_with_a_number_is_no_row_of_a_table_beside_it(text: str, headings: list[int], rows: int) -> None:
    blocks, findings = parse_blocks(text, file="x.md", lang="nb")
    assert [each.line for each in findings if each.rule == "pasted-heading"] == headings
    assert sum(len(each.all_rows) for each in blocks if isinstance(each, Table)) == rows


@pytest.mark.parametrize("mark", ["## 2", "# 2", "### 2.1", "## Plan"])
def test_a_line_that_the_editor_makes_a_heading_is_no_row(mark: str) -> None:
    blocks, _ = parse_blocks(f"{ROWS}\n{mark}\tAnsvar\n{ROWS}", file="x.md", lang="nb")
    assert [type(each) for each in blocks] == [Table, Heading, Table]


@pytest.mark.parametrize("name", ["#", "# deltakere"])
def test_a_sign_for_numbers_names_a_column(name: str) -> None:
    (block,) = parse_blocks(f"{name}\tKommune\n12\tBodø\n4\tVoss", file="x.md", lang="nb")[0]
    assert isinstance(block, Table)


def test_a_heading_below_a_table_is_no_row_of_it() -> None:
    _, findings = parse_blocks("A\tB\tC\nx\t1\t2\n\n3\tResultater\n\nTekst.", file="x.md", lang="nb")
    assert [each.line for each in findings if "parts this row" in each.message] == []
