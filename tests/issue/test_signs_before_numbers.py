"""Signs before numbers that begin a line: they are printed as written, or named at their place."""

import pytest

from mailer.issue.markdown.blocks import parse_blocks
from mailer.issue.model import Block, Finding, LineBreak, List, Paragraph, Quote, Table, Text

KEPT = "“>” before a number is printed as written"
KEPT_HINT = "To quote somebody, write words before the number."
LOST = "“-” before an amount became the mark of a point, no minus"
LOST_HINT = "Write −, or \\-, for a minus. Nothing to do if it is a list."


def parse(text: str, *, first_line: int = 1) -> tuple[tuple[Block, ...], tuple[Finding, ...]]:
    return parse_blocks(text, file="items/x.md", lang="nb", first_line=first_line)


def lines_of(block: Block) -> list[str]:
    assert isinstance(block, Paragraph)
    assert all(isinstance(each, Text | LineBreak) for each in block.inlines)
    return "".join(each.text if isinstance(each, Text) else "\n" for each in block.inlines).split("\n")


def signs(text: str, *, first_line: int = 1) -> list[str]:
    found = parse(text, first_line=first_line)[1]
    return [f"{each.line}:{each.column} {each.message} | {each.hint}" for each in found if each.rule == "sign"]


@pytest.mark.parametrize(
    "text",
    [
        "< 18 år: 12\n18–66 år: 401\n> 67 år: 871\nEndring fra 2. kvartal:",
        "> 53 mmol/mol: tett oppfølging\n< 53 mmol/mol: årskontroll",
        ">65 år: 14 prosent\n>80 år: 3 prosent",
        ">= 65 år",
        "> ca. 50 deltakere ventes",
        "> kr 500",
        "> -5 grader",
        "Endring fra 2. kvartal:\n+ 14 % i Nordbyen\n- 3 % i Sørbyen\n± 0 % i Vestbyen",
        "- 3 % i Sørbyen\n+ 14 % i Nordbyen\n- 8 % i Vestbyen",
        "+ 14 % i Nord\n– 3 % i Sør\n– 5 % i Vest",
        "± 0 i Nord\n- 3 i Sør",
        "- 17 -",
        "Deltakeravgift: kr 500\n+ mva.",
        "Pris per deltaker er kr 1 200\n+ lunsj kr 150\n+ middag kr 450",
        "Avdelingen i Bodø trenger på dagtid i ukedagene leger\n+ to sykepleiere og en ergoterapeut.",
        "Budsjettet er kr 500 000\n- egenandel 50 000\n= 450 000",
        "Budsjettet er:\n+ tilskudd 50 000\n+ gave\n= 450 000",
        "Ny ordning\n+ billig i drift\n- dyr å innføre",
        "Kontakt oss\n+47 56 00 11 22",
    ],
)
def test_a_sign_before_a_number_is_printed_as_written(text: str) -> None:
    (block,) = parse(text)[0]
    assert lines_of(block) == text.split("\n")


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("•\t> 65 år\n•\t< 18 år\n•\t# 1 i Norge", ["> 65 år", "< 18 år", "# 1 i Norge"]),
        ("•> 65 år\n•\t> Eldre\n•\t# Merk", ["> 65 år", "> Eldre", "# Merk"]),
        ("o\t> Eldre\no\tYngre", ["> Eldre", "Yngre"]),
        ("- > 2 fall siste år\n- # 1 i Norge", ["> 2 fall siste år", "# 1 i Norge"]),
        ("•\t- 5 kg på en måned\n•\t+ 2 kg", ["- 5 kg på en måned", "+ 2 kg"]),
        ("1. > 65 år\n2. < 18 år", ["> 65 år", "< 18 år"]),
    ],
)
def test_a_sign_in_a_point_is_printed_as_written(text: str, points: list[str]) -> None:
    (block,) = parse(text)[0]
    assert isinstance(block, List)
    assert [lines_of(each) for point in block.points for each in point] == [[each] for each in points]
    assert signs(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "> Vi er glade.\n> 2024 var et godt år.",
        "> 2024 var et godt år.\n> Vi er glade.",
        "> 50 kom.\n> 60 kom.\n> Vi er glade.",
        "> Vi er glade.\n> 50 kom.\n> 60 kom.",
        "> 1. Hvem?\n> 2. Hva?",
        "> 1) Hvem?\n> 2) Hva?",
    ],
)
def test_what_stands_beside_quoted_words_is_a_quotation(text: str) -> None:
    (block,) = parse(text)[0]
    assert isinstance(block, Quote)
    assert signs(text) == []


def test_each_more_than_is_noted_at_its_place() -> None:
    assert signs("Alder:\n> 67 år: 871\n  > 80 år: 12", first_line=5) == [
        f"6:1 {KEPT} | {KEPT_HINT}",
        f"7:3 {KEPT} | {KEPT_HINT}",
    ]


@pytest.mark.parametrize(
    "amount",
    ["3 % i Sør", "3,5% i Sør", "12 grader", "12 °C", "250 000 i Nord", "250\u00a0000", "5 kroner", "2 mill.", "5 kg"],
)
def test_a_point_that_may_be_a_minus_is_noted_once_in_its_list(amount: str) -> None:
    text = f"Endring:\n- {amount}\n- {amount}\n\nMer\n\n- {amount}"
    assert signs(text) == [f"2:1 {LOST} | {LOST_HINT}", f"7:1 {LOST} | {LOST_HINT}"]
    assert [type(block) for block in parse(text)[0]] == [Paragraph, List, Paragraph, List]


def test_points_that_may_be_a_minus_are_noted_at_the_beginning_and_at_the_end() -> None:
    assert [each.split(" ")[0] for each in signs("- 3 % i Sør\n\nTekst.\n\n- 5 % i Nord")] == ["1:1", "5:1"]
    assert isinstance(parse("- 3 deltakere\n- 5 deltakere")[0][0], List)


def test_a_note_shows_the_beginning_of_its_line() -> None:
    (finding,) = parse(f"> 67 år: {'a' * 40}")[1]
    assert finding.words == f"> 67 år: {'a' * 31}"


@pytest.mark.parametrize("text", ["- 3 deltakere\n- 5 deltakere", "- 2024 var et godt år", "– 3 % er lite.", "−3 %"])
def test_counts_years_and_speech_are_not_noted(text: str) -> None:
    assert signs(text) == []


def test_a_pasted_list_is_noted_at_a_point_with_a_sign() -> None:
    (finding,) = parse("Kriterier:\n•\t> 65 år")[1]
    assert (finding.rule, finding.line, finding.column, finding.words) == ("pasted-list", 2, 1, "•\t> 65 år")


def test_signs_in_rows_of_a_table_stay() -> None:
    (block,) = parse("Alder\tAntall\n< 18 år\t12\n> 67 år\t871")[0]
    assert isinstance(block, Table)
    assert [cell.inlines for row in block.rows for cell in row[:1]] == [(Text("< 18 år"),), (Text("> 67 år"),)]


TORN_HINT = (
    "If the sentence above goes on here, write both on one line. Nothing to do if it begins a list or is a heading."
)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("Åpent kl. 9\n- 15 hver dag.", "-"),
        ("Perioden 2023\n- 2025 er viktig.", "-"),
        ("Vi trenger 3\n* 4 = 12 leger.", "*"),
        ("Vi er nå på en god plass, nr.\n# 3 på listen.", "#"),
        ("Vi trenger leger og\n- som før - sykepleiere.", "-"),
        ("Budsjettet er kr 500 000\n- egenandel 50 000", "-"),
    ],
)
def test_a_mark_that_tears_a_sentence_is_named(text: str, mark: str) -> None:
    message = f"“{mark}” at the beginning of this line became a mark of Markdown, and is not printed"
    assert signs(text, first_line=4) == [f"5:1 {message} | {TORN_HINT}"]


@pytest.mark.parametrize(
    "text",
    [
        "Antall i 2023\n- 15 leger\n- 3 sykepleiere",
        "- Fra 9\n- 15 hver dag.",
        "Vi tilbyr\n- kurs",
        "Vi tilbyr mange kurs for leger og sykepleiere i 2023:\n- kurs",
        "Avdelingen i Bodø har på dagtid tre leger i ukedagene.\n- kurs",
        "Avdelingen i Bodø har på dagtid tre leger i ukedagene\n# Kurs",
        "Avdelingen i Bodø har på dagtid tre leger i ukedagene\n\n## kurs",
        "Ring oss på telefon 56 00 11 22 eller\n+ 47 56 00 11 23",
    ],
)
def test_points_headings_and_telephone_numbers_tear_no_sentence(text: str) -> None:
    assert signs(text) == []


@pytest.mark.parametrize("text", ["# 1 av 10 har svart", "  # i kø: 12", "# 7 Kurs"])
def test_a_number_sign_that_became_a_heading_is_named(text: str) -> None:
    message = "“#” at the beginning of this line became a mark of Markdown, and is not printed"
    hint = "Write \\# for the sign itself. Nothing to do if it is a heading."
    (said,) = signs(f"Svar:\n\n{text}")
    assert said.endswith(f" {message} | {hint}")
    assert said.startswith("3:")


def test_short_lines_with_a_quotation_s_mark_may_be_points() -> None:
    said = "lines that begin with “>” became a quotation | "
    hint = "Write - before each if they are points of a list. Nothing to do if somebody is quoted."
    assert len(signs(f"> {'O' * 61}\n> {'O' * 61}")) == 1
    assert signs("Vi vil ha:\n>  Søknad\n> Budsjett\n\nHei.\n\n>Plan\n>Mål") == [
        f"2:1 {said}{hint}",
        f"7:1 {said}{hint}",
    ]


@pytest.mark.parametrize(
    "text",
    ["> Søknad", "> Søknad\n> Budsjett.", "> Søknad\n> og budsjett", f"> Søknad\n> {'O' * 62}", "> Søknad,\n> Mål"],
)
def test_quoted_words_and_sentences_are_no_points(text: str) -> None:
    assert signs(text) == []


@pytest.mark.parametrize("text", ["# Svar", "## 1 av 10", "#1 av 10", "\\# 1 av 10"])
def test_a_heading_with_a_capital_or_two_signs_is_not_named(text: str) -> None:
    assert signs(text) == []


@pytest.mark.parametrize("text", ["Endring:\n– 5 % i Nord\n– 3 % i Sør", "Endring:\n–\t5 % i Nord\n\nMer."])
def test_a_dash_for_minus_that_became_a_point_is_named_as_a_hyphen_is(text: str) -> None:
    assert signs(text) == [f"2:1 {LOST.replace('-', '–', 1)} | {LOST_HINT}"]
    assert isinstance(parse(text)[0][1], List)


@pytest.mark.parametrize("text", ["Endring:\n– 5 % i Nord\n\nMer.", "– 5 plasser\n– 3 årsverk"])
def test_a_dash_that_is_no_minus_or_stays_is_not_named(text: str) -> None:
    assert signs(text) == []


@pytest.mark.parametrize(
    "text", ["Vi tilbyr:\n+ kurs\n+ lunsj", "+ kurs\n+ lunsj", "- kurs\n+ lunsj\n+ te", "# Kurs\n+ lunsj"]
)
def test_a_plus_below_a_label_or_a_point_is_the_mark_of_a_point(text: str) -> None:
    lists = [each for each in parse(text)[0] if isinstance(each, List)]
    assert len(lists) == ("- kurs" not in text)


def test_a_star_that_leads_to_no_note_is_named_where_it_is_likely_none_of_a_list() -> None:
    message = "“*” at the beginning of this line became a mark of Markdown, and is not printed"
    hint = "Write \\* for the sign itself. Nothing to do if it is a point of a list."
    assert signs("Vi var 12.\n\n* tall fra oktober 2026", first_line=3) == [f"5:1 {message} | {hint}"]
    for text in (
        "Vi har:\n* kaffe",
        "- te\n* kaffe\n- saft",
        "* kaffe",
        "* kaffe\n* te",
        "* Kaffe",
        "* kaffe\n\n* te",
        "* kaffe\n1. te",
    ):
        assert signs(text) == []
