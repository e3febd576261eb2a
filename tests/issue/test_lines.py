"""Line ends in a paragraph: those of addresses and programmes stay (`line_ends`), those of a wrapped text do not."""

import re
import textwrap
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.issue.markdown.blocks import parse_blocks, parse_inlines
from mailer.issue.markdown.line_ends import doubtful_ends, holds_wrapped_lines, kept_ends
from mailer.issue.model import Blocks, Finding, LineBreak, List, Paragraph, Quote, Severity, Table, Text, plain_text
from tests.compose.editors_items import SPACES

LONG = "Partene skal enes om felles rutiner for utskriving og innleggelse i løpet av året"
WRAPPED = f"{LONG},\nog slik er det.\n\n"
BLOCK_MARK = re.compile(r"\s*(?:[-*+>#]|\d+[.)])\s")


def parse(text: str) -> tuple[Blocks, tuple[Finding, ...]]:
    return parse_blocks(text, file="items/x.md", lang="nb")


def words(text: str) -> list[str]:
    """Each paragraph, also of lists, with its lines as they are printed."""
    found = []
    for block in parse(text)[0]:
        parts = [part for point in block.points for part in point] if isinstance(block, List) else [block]
        found += [plain_text(part.inlines) for part in parts if isinstance(part, Paragraph)]
    return found


@pytest.mark.parametrize(
    "text",
    [
        "Kari Nordmann\nStorgata 1\n0001 Oslo",
        "1. mars\nFrist for å melde seg på\n15. mars\nKurset starter",
        "Meld deg på\nKurset er gratis.",
        "Fristen er\n21. oktober",
        "Kurset varer i tre uker.\nHvem bør trene med\nAlle over 65 år bør trene.",
        "→ Meld deg på\n→ Kom tidlig\n→ Ta med PC",
        "Hvem er det for\nHvor er det\nNår er det",
        "Hepatitt A\nVaksinen gis i to doser.",
        "Svar:\nJa\nNei\nVet ikke",
        f"{LONG}\nHugs å skrive:\nnamn\narbeidsstad\nom du treng tolk\nTalet på plassar er 120. Meld deg på!",
        "Vi møtes i dag. Ta med:\npc\nlader",
        "Ta med:\npc\nlader\nKontakt:\nKari\nKom!",
        "Slik søker du\n1\nLogg inn i Altinn\n2\nFyll ut",
        "[i] Kilde: FHI\n[ii] Kilde: NPR",
        "Det kom\n12\ndeltakere.",
        "1 Berg N. Tidsskriftet er ute 2023; 143: 112.\n2 Justert for alder og kjønn i alle grupper.",
        "Vi har sett på kildene.\n[3] Helsedirektoratet har gitt ut en retningslinje.",
        "Hvem kan søke?\nAlle som har rett til hjelp, kan søke om å få den.",
        "Vi møtes i Bodø.\n17\nVi møtes i Oslo.",
        f"{LONG[:-3]}\n117\nåret, og det er bra.",
        "Vi møtes\n– 12 –\ni Bodø.",
        "Se kildene [a] her.\n[a] Kilden er den rapporten som FHI ga ut.\n[b] Kilden er den som NPR ga ut.",
        "Se kildene her\n[a] Kilden er FHI",
        "[ ] Ja\n[x] Nei",
        "[ ] Ja, det vil vi gjerne.\n[X] Nei, det vil vi ikke nå.",
        "Beløp\n-kr 1 250,00\nkr -",
        "Program:\n10.00 Velkommen\n10.15 Innledning",
        "kl. 10.00 Velkommen\nkl. 11.00 Pause",
        "09.00–10.00 Registrering og kaffe i foajeen utenfor sal A i annen etasje\n10.00 Velkommen",
        "Navn: Kari\nTelefon: 12345678\ne-post: kari at a punkt example",
        "Navn: Kari Nordmann, som leder avdelingen for digitalisering og samhandling\nSted: Bodø",
        "a) det ene\nb) det andre",
        "Vi har:\na) det ene\nb) det andre",
        "i. det ene\nii. det andre",
        "I. Det ene\nII. Det andre",
        "Vi har tre mål:\n3. Mål tre",
        "Program\n===",
        "```\nkode\n```",
        "-Punkt en\n-Punkt to",
        "1.Punkt\n2.Punkt",
        "Vi møtes i Bodø.\n#Overskrift",
        "#Overskrift\nvi møtes",
        "Med hilsen\nKari Nordmann\nAvdelingsdirektør",
        "Kari Nordmann\nseniorrådgiver, KS",
        "Sted:\noslo kongressenter",
        "Sjå under\nSesjonar:",
        f"{LONG}.\nViktige datoer:",
        "Kontakt\nkari i resepsjonen\nandre etasje",
        "Tlf. 12345678\nmobil 87654321",
        "Hun sier ja.\n– Vi er glade for det.",
        "✓ Vi har sett på saken nå.\n✗ Vi har ikke svart på den.",
        f"{LONG}.\n☐ Ennå ikke",
        "Kursavgift 500,-\nFrist er 1. mars.",
        "Kursavgift kr 500,–\nFrist er 1. mars.",
        "Enkeltrom: kr 1 450,-\nDobbeltrom: kr 1 950,-\nLunsj kr 395,- (inkl. kaffe)\nParkering gratis",
        "Satsane er 100,-\n200,- og 300,-\nKontakt: Kari Vik,",
        "Grunnkurs .......... 500,-\nVidaregåande kurs .. 1 200,-\nSum .............. 1 700,-",
        "Resultat\n-5,2 mill. kroner\n–3 prosent",
        "Resultatet i år\n–3 prosent",
        "+ 14 % i Nord\n– 3 % i Sør",
        "=> Vi trenger flere plasser\n-> Se vedlegg",
        "Vi trenger flere plasser\n--> Se vedlegg",
        "Kilde: FHI; se note *) nederst.\n*) Tallene for Vestbyen er foreløpige.\n**) Uten overføringspasienter.",
        "Vi møtes i Bodø.\nStorgata 1\n8001 Bodø",
        "Helsedirektoratet, avdeling for digitalisering og samhandling, v/Kari\nPostboks 220 Skøyen\n0213 Oslo",
        f"{'Dette er en lang linje som ingen har brutt, og den er et avsnitt. ' * 4}\nKari Nordmann",
    ],
)
def test_a_line_end_that_means_something_is_kept(text: str) -> None:
    assert words(text) == [re.sub(r" *\n", "\n", text).strip()]


def test_a_name_in_bold_is_the_head_of_the_line_below_it() -> None:
    assert words("**Kari Nordmann**\nseniorrådgiver, KS") == ["Kari Nordmann\nseniorrådgiver, KS"]


def test_cells_on_lines_of_their_own_are_not_run_together() -> None:
    assert words("Ring oss:\nKari\t12345678") == ["Ring oss:\nKari\t12345678"]


@pytest.mark.parametrize(
    "text",
    [
        "Vi møtes for å snakke om\nfelles utfordringer.",
        "Vi møtes i Bodø.\nAlle som arbeider med helse, er velkomne.",
        "Fristen er\nkl. 10.00 i morgen",
        "Kari møter Ola og\nPer",
        f"{LONG} og på\nGardermoen",
        "Møtet begynner kl.\n10.00 og varer til tolv.",
        "Direktoratet for e-helse,\nHelse Vest",
        "Helse Vest\n– den største av dem",
        "Vi ser på (blant annet\nKari) tallene",
        "Les [Rapporten\nHelse](https://a.example/)",
        "Vi møtes i Bodø.\nAlle som arbeider med helse,\ner velkomne.",
        "Vi møtes i byen\n, og det er fint",
        "ord på -sjonar eller\n-torar",
        "Kurset koster 500,-\nog varer i to dager.",
        f"{LONG} –\n2 av 3 mener det",
        f"{LONG} fra 2020\n–2024 og etterpå, slik det er skrevet i planen om helse og omsorg for alle.",
        "Kari Nordmann\nleder møtet.",
        f"{LONG}\nViktige datoer:",
        "vi ser på\nulike ting som\nskjer",
        "møte\nmed kaffe\ni Bodø",
        "Å\ni\ni",
    ],
)
def test_a_line_end_inside_a_sentence_or_between_two_is_a_space(text: str) -> None:
    assert "\n" not in "".join(words(text))


@pytest.mark.parametrize("width", [60, 65, 72, 80, 100, 120])
def test_the_real_newsletters_stay_running_text_at_whatever_length_an_editor_wraps(
    repository: Path, width: int
) -> None:
    paragraphs = [
        paragraph
        for file in (repository / "issues").glob("*/items/*.md")
        for paragraph in re.split(r"\n\s*\n", file.read_text("utf-8").split("+++", 2)[2].strip())
        if not BLOCK_MARK.match(paragraph)
    ]
    assert len(paragraphs) > 70
    for each in paragraphs:
        wrapped = textwrap.wrap(each, width, break_long_words=False, break_on_hyphens=False)
        assert not kept_ends(wrapped), wrapped


def test_a_line_is_full_when_the_next_word_would_not_have_fitted() -> None:
    """Below 60 letters nobody wraps; the longest line says where this editor does, a web address does not."""
    capitals = "Bodø " * 11  # 54 letters and a space
    assert kept_ends([capitals + "Oslo", "Bergen"]) == set()  # 59, and 66 with the next word
    assert kept_ends([capitals.strip(), "Mo"]) == {0}  # 57 with it
    assert kept_ends([capitals.strip(), "Bergen"]) == set()  # 61 with it
    assert kept_ends(["Bodø " * 15 + "Oslo", capitals + "Oslo", "Bergen", "Mo"]) == {1, 2}
    assert kept_ends([f"https://a.example/{'x' * 70} og", capitals + "Oslo", "Bergen er"]) == set()


def test_a_line_below_a_list_is_none_of_its_last_point() -> None:
    for mark in ("-", "*", "1. A\n2."):
        blocks, findings = parse(f"{mark} snakke.\nEtter lista kommer denne setningen.")
        assert [type(each) for each in blocks] == [List, Paragraph]
        assert blocks[1] == Paragraph(inlines=(Text("Etter lista kommer denne setningen."),), line=blocks[1].line)
        assert findings == ()
    assert words("- snakke om\nalt") == ["snakke om alt"]
    assert words("- snakke\n  Kari") == ["snakke\nKari"]


@pytest.mark.parametrize("quoted", ["> Hvem kan vi spørre?", "> - A\n> - Hvem?", "> > Hvem?", "- > Hvem?"])
def test_a_line_below_a_quotation_that_does_not_go_on_with_it_is_none_of_it(quoted: str) -> None:
    blocks, findings = parse(f"{quoted}\nHilde Aasen, prosjektleder.")
    assert [type(each) for each in blocks] == [List if quoted.startswith("-") else Quote, Paragraph]
    assert blocks[1] == Paragraph(inlines=(Text("Hilde Aasen, prosjektleder."),), line=quoted.count("\n") + 2)
    assert findings == ()
    ((going_on, *below), (wrapped, *also)) = (parse(text)[0] for text in ("> spør om\nalt", f"> {WRAPPED[:-2]}"))
    assert isinstance(going_on, Quote)
    assert isinstance(wrapped, Quote)
    assert not below
    assert not also


@pytest.mark.parametrize("mark", ["-", "1. A\n2.", "•", "1.\tA\n2.\t", "•\t", "> -"])
@pytest.mark.parametrize("below", ["Kontakt Kari Nordmann for mer.", "Viktige datoer:", "Merk: Frist er 3. mai"])
def test_a_paragraph_below_a_long_point_is_none_of_it_where_nothing_is_wrapped(mark: str, below: str) -> None:
    quoted = "> " * mark.startswith(">")
    blocks, findings = parse(f"{mark} {LONG}\n{quoted}{below}")
    blocks = blocks[0].blocks if isinstance(blocks[0], Quote) else blocks
    assert [type(each) for each in blocks] == [List, Paragraph]
    assert blocks[1] == Paragraph(inlines=(Text(below),), line=blocks[1].line)
    assert {each.rule for each in findings} <= {"pasted-list"}


@pytest.mark.parametrize("point", ["- Disse,", "•\tDisse,", "2. Disse,", "> Disse,", f"{WRAPPED}- {LONG}"])
def test_a_table_right_below_a_point_keeps_its_first_row(point: str) -> None:
    *_, table = parse(f"{point}\n| Navn | By |\n| Kari | Oslo |")[0]
    assert isinstance(table, Table)
    assert [plain_text(cell.inlines) for cell in table.header] == ["Navn", "By"]


def test_where_a_text_is_wrapped_a_full_point_goes_on_unless_the_line_below_has_a_name() -> None:
    assert words(f"{WRAPPED}- {LONG}\nVed åtti tegn.")[1:] == [f"{LONG} Ved åtti tegn."]
    assert words(f"{WRAPPED}- {LONG}\nMerk: Frist er 3. mai")[1:] == [LONG, "Merk: Frist er 3. mai"]
    assert words(f"- {LONG}\nVed åtti tegn.") == [LONG, "Ved åtti tegn."]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"{LONG}.\nKostnadene er beregnet til 4,5 mill. kroner.", [2]),
        (f"{WRAPPED}{LONG}.\nKostnadene er beregnet til 4,5 mill. kroner.", []),
        (f"{WRAPPED}{LONG} {'a' * 12}.\nKostnadene er beregnet til 4,5 mill. kroner.", [5]),
        (f"{WRAPPED}{LONG} {'a' * 11}.\nKostnadene er beregnet til 4,5 mill. kroner.", []),
        (f"{WRAPPED}{LONG}.\nBudsjett 2027: 3,1 mill. (+ 4 %)", [5]),
        (f"{WRAPPED}{LONG}\nBudsjett 2027: 3,1 mill. (+ 4 %)", []),
        (f"{WRAPPED}Kort.\nKostnadene er beregnet til 4,5 mill. kroner.", [5]),
        (f"{WRAPPED}{LONG}.\nKostnadene er {LONG}, {LONG}.\nNoe mer er ikke sagt.", [5, 6]),
        ("Vi møtes i Bodø.\nAlle er velkomne dit.\nDet er kaffe der.", [2, 3]),
        ("> Vi møtes i Bodø.\n> Alle er velkomne dit.", [2]),
        ("- Vi møtes i Bodø.\n  Alle er velkomne dit.", [2]),
        ("Kari leder møtet\nhele dagen.", [2]),
        ("Kari leder møtet,\nhele dagen.", []),
        ("Kari leder møtet i\nhele dag.", []),
        (f"{LONG}\nhele dagen.", []),
        ("Se [lenken\ntil møtet](https://a.example/).", []),
        ("Vi møtes i Bodø.  \nAlle er velkomne dit.", []),
    ],
)
def test_a_line_end_that_may_have_meant_something_is_named_where_it_is_not_kept(text: str, lines: list[int]) -> None:
    findings = parse(text)[1]
    assert [(each.rule, each.severity, each.line) for each in findings] == [
        ("joined-lines", Severity.NOTE, line) for line in lines
    ]
    for each in findings:
        assert text.split("\n")[each.line - 1][each.column - 1 :].startswith(each.words)
        assert each.message == "this line was joined to the one above"
        assert each.hint.startswith("Put an empty line above it")


@pytest.mark.parametrize(
    "below", ["namn", "namn og\nalder", "vi flytter møtet som vanlig\nden siste uka\nog det er bra."]
)
def test_lines_below_a_colon_that_are_no_list_are_joined(below: str) -> None:
    assert words(f"Merk:\n{below}\nog slik er det.") == ["Merk:\n" + f"{below} og slik er det.".replace("\n", " ")]


def test_short_lines_in_a_paragraph_below_a_colon_are_kept() -> None:
    lines = "namn\narbeidsstad\nom du treng tolk"
    assert words(f"**Skriv:**\n\n{lines}") == ["Skriv:", lines]
    assert words(f"Skriv:\n\nHei.\n\n{lines}") == ["Skriv:", "Hei.", lines.replace("\n", " ")]
    assert words(f"Skriv:\n\n- A\n\n{lines}") == ["Skriv:", "A", lines.replace("\n", " ")]


def test_a_line_of_a_date_that_was_joined_is_named() -> None:
    _, (finding,) = parse_inlines("Kort.\nDette er en ny setning.", file="issue.toml", lang="nb", first_line=7)
    assert (finding.rule, finding.line, finding.words) == ("joined-lines", 8, "Dette er en ny setning.")


@pytest.mark.parametrize(
    ("text", "is_wrapped"),
    [
        (f"{LONG}\nog mer.", True),
        (f"{'x' * 30} {'y' * 25}\nzzzzz.", True),  # 62 with the next word
        (f"{'x' * 30} {'y' * 22}\nzzzzz.", False),
        (f"{LONG} {LONG}\nog mer.", False),
        (f"{LONG}.\nog mer.", False),
        (f"{LONG}\nOg mer.", False),
        (f"{LONG}\n- og mer.", False),
        (f"{LONG}\na) det ene", False),
        (f"{LONG}\tx\nog mer.", False),
        (f"| {LONG} |\nog mer.", False),
        ("\n\n", False),
    ],
)
def test_a_text_is_wrapped_where_a_long_line_ends_in_a_sentence(text: str, is_wrapped: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    assert holds_wrapped_lines(text.split("\n")) is is_wrapped


def test_lines_of_a_date_and_of_an_entry_of_links_are_kept_and_marks_of_blocks_are_told() -> None:
    inlines, findings = parse_inlines("Linje en\n\n- Linje to\n# Linje tre\nPostboks 1", file="issue.toml", lang="nb")
    kept = (Text("Linje en"), Text("- Linje to"), Text("# Linje tre"), Text("Postboks 1"))
    assert [each for each in inlines if each != LineBreak()] == list(kept)
    assert len(inlines) == 2 * len(kept) - 1
    assert not any(pair == (LineBreak(), LineBreak()) for pair in pairwise(inlines))
    assert [(each.rule, each.line, each.column) for each in findings] == [
        ("left-over-mark", 3, 1),
        ("left-over-mark", 4, 1),
    ]
    assert {each.hint.id for each in findings if hasattr(each.hint, "id")} == {"issues.no-marks-in-facts"}


def test_findings_stand_on_their_line_below_lines_that_are_kept() -> None:
    (finding,) = parse("Kari Nordmann\nStorgata 1\n[x](htps://a.example/)")[1]
    assert (finding.rule, finding.line) == ("link", 3)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("Se https://a.example/rapport-som-er-\nbrutt.pdf", 1, "https://a.example/rapport-som-er-"),
        ("Se\nhttps://a.example/x?a=\n12 og mer.", 2, "https://a.example/x?a="),
        ("Se https://a.example/x_\nHer.", 1, "https://a.example/x_"),
        ("Se www.a.example/mappe/\nrapport.pdf og mer.", 1, "www.a.example/mappe/"),
        ("Se https://a.example/mappe\n/under/mappe/ og mer.", 1, "https://a.example/mappe"),
        ("Skjema: https://a.example/skjema/påske\n2027", 1, "https://a.example/skjema/påske"),
        ("Se www.a.example/skjema/til\npåske-2027", 1, "www.a.example/skjema/til"),
        ("Se https://a.example/mappe\nside?id=3", 1, "https://a.example/mappe"),
        ("Se https://a.example/mappe\nmed%20rom", 1, "https://a.example/mappe"),
        ("- Se https://a.example/mappe/\n  rapport.html", 1, "https://a.example/mappe/"),
        ("Se «https://a.example/mappe/\nrapport.docx»", 1, "https://a.example/mappe/"),
        ("> Se https://a.example/mappe/\n> rapport.docx", 1, "https://a.example/mappe/"),
        ("Se https://a.example/tema/\neldre for mer.", 1, "https://a.example/tema/"),
        ("Se https://a.example/tema\n/eldre", 1, "https://a.example/tema"),
        ("Se www.helsefjord.\nexample/side og mer", 1, "www.helsefjord."),
        ("Se helsefjord.example/\nside/to", 1, "helsefjord.example/"),
        ("Skriv til anne.lie@fjord.ex-\nample, tlf. 12.", 1, "anne.lie@fjord.ex-"),
        ("Skriv til anne.lie@fjord.kommune.\nexample eller ring.", 1, "anne.lie@fjord.kommune."),
        ("Skriv til kari.holm@\nx.example", 1, "kari.holm@"),
        ("Skriv til oss på anne.\nlie@fjord.example", 1, "anne."),
        ("Post: fornavn.\netternavn@fjord.example", 1, "fornavn."),
        ("Skriv til kari-\nanne.holm@x.example", 1, "kari-"),
    ],
)
def test_an_address_that_may_go_on_in_the_next_line_is_named(text: str, line: int, words: str) -> None:
    (finding,) = [each for each in parse(text)[1] if each.rule == "link"]
    assert (finding.severity, finding.line, finding.words) == (Severity.WARNING, line, words)
    assert finding.message == "the address may go on in the next line"
    assert finding.hint == "Write the whole address on one line: as it stands it leads elsewhere."


@pytest.mark.parametrize(
    "text",
    [
        "Se https://a.example/mappe/\nKari og/eller Ola",
        "Se https://a.example/mappe/\nog/eller ring. Hva?",
        "Se https://a.example/mappe/\nkari_n@a.example",
        "Se https://a.example/x\nhttps://a.example/y.pdf",
        "Se https://a.example/x\nwww.a.example/y.pdf",
        "Se [x](https://a.example/x-)\ny.pdf",
        "Se https://a.example/x-\n\ny.pdf",
        "Se https://a.example/x- der\ny.pdf",
        "Se https://a.example/mappe/\ninnen fredag",
        "Se https://a.example/mappe/\nKari",
        "Se https://a.example/mappe\n20270",
        "Se https://a.example/mappe\n2027 ble et godt år",
        "Se https://a.example\n2027",
        "Se https://a.example/mappe\npåske",
        "Se https://a.example.\neldre",
        "Skriv til kari@x.example.\nog vi svarer",
        "Skriv til kari@x.example.\nVi svarer",
        "Skriv til kari@x.example\neller ring",
        "kari@x.example.\nola@x.example",
        "Skriv til oss.\npost@x.example",
        "Ta kontakt på telefon.\npost@x.example",
        "Skriv til oss på kari.\nOla@x.example",
    ],
)
def test_an_address_that_ends_where_its_line_ends_is_not_named(text: str) -> None:
    assert [each for each in parse(text)[1] if each.rule == "link"] == []


@pytest.mark.parametrize(
    ("below", "words_of_both"),
    [("Ny tekst.", [["Gammel tekst"], ["Ny tekst."]]), ("går videre.", [["Gammel tekst går videre."], []])],
)
def test_a_line_that_is_less_quoted_is_none_of_the_inner_quotation(below: str, words_of_both: list[list[str]]) -> None:
    ((outer, *rest),) = [parse(f"> > Gammel tekst\n> {below}")[0]]
    assert isinstance(outer, Quote)
    assert not rest
    inner, *others = outer.blocks
    assert isinstance(inner, Quote)
    quoted = [
        [plain_text(each.inlines) for each in part if isinstance(each, Paragraph)] for part in (inner.blocks, others)
    ]
    assert quoted == words_of_both


def indented(text: str) -> list[tuple[str, int, int, str, str]]:
    said = "these lines stand further in than the one above; readers get them without that"
    found = [each for each in parse(text)[1] if each.message == said]
    assert {each.hint for each in found} <= {"Write - before each if they are points of a list."}
    return [(each.rule, each.line, each.column, each.words, each.severity) for each in found]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Ta med:\n    KOLS\n    Diabetes", (2, 5, "KOLS")),
        ("→ A\n   → B\n   → C\n→ D", (2, 4, "→ B")),
        ("Ta med:\n  KOLS\n  Diabetes", (2, 3, "KOLS")),
        ("  Ta med:\n    KOLS\n\tDiabetes", (2, 5, "KOLS")),
    ],
)
def test_lines_that_stand_further_in_are_noted_once(text: str, place: tuple[int, int, str]) -> None:
    assert indented(text) == [("pasted-list", *place, Severity.NOTE)]


@pytest.mark.parametrize(
    "text",
    [
        "Ta med:\n KOLS\n Diabetes",
        "Ta med:\n    KOLS",
        "  Ta med:\n  KOLS\n  Diabetes",
        f"{LONG}\n    og slik er det med {LONG.lower()}\n    og slik.",
        "- Ta med:\n    KOLS\n    Diabetes",
    ],
)
def test_lines_that_are_one_alone_or_running_text_may_stand_further_in(text: str) -> None:
    assert indented(text) == []


@pytest.mark.parametrize(
    ("text", "empty"),
    [
        (f"Hei du.\n{{}}\n{LONG}", "Hei du.\n\n" + LONG),
        ("- a\n- b\n{}\nHer er vi.", "- a\n- b\n\nHer er vi."),
        ("1. a\n2. b\n\t{}\n– c\n– d", "1. a\n2. b\n\n– c\n– d"),
        ("> a\n>{}\n> b", "> a\n>\n> b"),
        ("a\tb\n{}\nc\td", "a\tb\n\nc\td"),
        ("[^1]\n\n[^1]: a\n{}\nb", "[^1]\n\n[^1]: a\n\nb"),
    ],
)
def test_a_line_of_spaces_of_any_kind_is_an_empty_line(text: str, empty: str) -> None:
    read, found = words(empty), [(each.rule, each.line) for each in parse(empty)[1]]
    for space in SPACES:
        assert words(text.format(space)) == read
        noted = [(each.rule, each.line) for each in parse(text.format(space))[1] if each.rule != "character"]
        assert noted == found, repr(space)


@given(
    st.lists(st.sampled_from([*SPACES, "- ", "> ", "1. ", "| ", "a ved", "b.", "\n", "\n", "\n"]), max_size=12).map(
        "".join
    )
)
@settings(max_examples=60, derandomize=True, database=None, deadline=None)
def test_no_line_of_spaces_stops_the_reading(text: str) -> None:
    for read in (parse_blocks, parse_inlines):
        assert isinstance(read(text, file="items/x.md", lang="nb")[1], tuple)
    lines = text.split("\n")
    assert kept_ends(lines) <= set(range(len(lines)))
    assert doubtful_ends(lines, longest_wrapped=0) <= set(range(len(lines)))


def spaced(text: str) -> list[tuple[int, int, str]]:
    found = [each for each in parse(text)[1] if each.message == "there is a space in an address"]
    assert {each.severity for each in found} <= {Severity.WARNING}
    return [(each.line, each.column, each.words) for each in found]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Se https://a.example/a b/c.pdf og mer.", (1, 4, "https://a.example/a")),
        ("Se\n«https://a.example/Plan for 2024.docx»", (2, 2, "https://a.example/Plan")),
        ("- Se https://a.example/Delte dokumenter/Plan.xlsx", (1, 6, "https://a.example/Delte")),
    ],
)
def test_a_bare_address_whose_file_has_spaces_in_its_name_is_named(text: str, place: tuple[int, int, str]) -> None:
    assert spaced(text) == [place]


@pytest.mark.parametrize(
    "text",
    [
        "Se https://a.example/a. Plan.pdf er der.",
        "Se https://a.example/a og les mer om planen i 2024.pdf",
        "Se https://a.example/a, www.b.example/c.html",
        "Se https://a.example/a https://b.example/c.html",
        "Se [a](https://a.example/a) b/c.pdf",
    ],
)
def test_other_words_behind_an_address_are_none_of_it(text: str) -> None:
    assert spaced(text) == []
