"""Rules for sentences, in `prose`, and for the language that an item is written in, in `language`."""

import re
from collections.abc import Callable
from datetime import date

import pytest

from mailer.issue.lint import lint
from mailer.issue.lint.language import share_findings, words_by_language
from mailer.issue.model import Finding, Severity
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]
Check = Callable[..., list[tuple[str, str]]]
NB = (
    "Kommunene skal ikke vente med å søke om midler til dette arbeidet, og de må selv sørge for at hver søknad "
    "kommer fra noen som kan svare på spørsmål om hvordan pengene skal brukes."
)
NN = (
    "Kommunane skal ikkje vente med å søkje om midlar til dette arbeidet, og dei må sjølve syte for at kvar søknad "
    "kjem frå nokon som kan svare på spørsmål om korleis pengane skal brukast."
)


@pytest.fixture
def found(read_files: ReadFiles) -> Check:
    """The rules that a text meets, with the words they quote."""

    def check(text: str, *, lang: str = "nb", title: str = "Møte", frame: str = "") -> list[tuple[str, str]]:
        head = f'title = "Brev"\ndate = "2024-02"\npreheader = "Det beste"\nlang = "{lang}"\n{frame}'
        item = f'+++\ntitle = "{title}"\ncontacts = ["kari@a.example"]\n+++\n{text}\n'
        reading = read_files({"issue.toml": head, "items/010-mote.md": item})
        assert reading.issue is not None, reading.findings
        findings = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
        for each in findings:
            line = reading.sources[each.file].split("\n")[each.line - 1]
            assert not each.words or line[each.column - 1 :].startswith(re.split("[-\u00ad] ", each.words)[0])
        return [(each.rule, each.words) for each in findings]

    return check


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("Vi møtes i Bodø for å snakke om felles utfordringer", "no-end-mark", "felles utfordringer"),
        ("Vi møtes for å snakke om dette.\n\nOg pasien-\nten får hjelp.", "hanging-hyphen", "pasien- ten"),
        ("Vi møtes for å snakke om dette.\n\nOg pasien\u00ad\nten får hjelp.", "hanging-hyphen", "pasien\u00ad ten"),
        ("Og pasienten har covid-\n19-syke rundt seg.", "hanging-hyphen", "covid- 19-s"),
        ("Vi vil vil møtes.", "repeated-word", "vil vil"),
        ("Vi møtes ,og snakker.", "space-before-mark", "møtes ,"),
        ("Vi møtes .", "space-before-mark", "møtes ."),
        (
            "Deltakerne var leger fra Oslo. Deltakerne var leger fra mange kommuner.",
            "repeated-sentence",
            "Deltakerne var leger fra",
        ),
        ('Rapporten «A» og "B" er ute.', "mixed-quotes", '"B"'),
        ("Det er noko nytt.", "written-form", "noko"),
        ("Det kan visast til.", "written-form", "kan visast"),
        ("To funksjonar er nye.", "written-form", "funksjonar"),
    ],
)
def test_a_slip_in_prose_is_found(text: str, rule: str, words: str, found: Check) -> None:
    assert found(text) == [(rule, words)]


@pytest.mark.parametrize(
    "text",
    [
        "Tabell 1. Avvik etter type\nType avvik",
        "[ ] Ja.",
        "Ring oss for mer om dette, telefonen er åpen: 21 00 33 44",
        "Ring oss for mer om dette, telefonen er åpen: +4721003344",
        "Kontakt: Kari Vik i Bodø kommune, tlf. 55 12 34 56",
        "Betal inn summen for hele kurset til kontoen: NO93 8601 1117 947",
        'En 5" skjerm til alle.',
        "Gjennomsnittlig alder i de tre gruppene var hele 78 år.2",
    ],
)
def test_what_is_like_a_slip_in_prose_is_none(text: str, found: Check) -> None:
    assert [rule for rule, _ in found(text) if rule != "left-over-mark"] == []


@pytest.mark.parametrize("below", ["\n- to sykepleiere", "\n\n- to sykepleiere", "\n\n## Om dem", "\n\n> To til."])
def test_a_paragraph_without_an_end_above_a_list_may_announce_it_or_go_on(below: str, read_files: ReadFiles) -> None:
    item = f'+++\ntitle = "Møte"\n+++\nAvdelingen i Bodø trenger på dagtid i ukedagene leger{below}\n'
    reading = read_files({"items/010-mote.md": item})
    assert reading.issue is not None
    findings = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
    assert [each.hint for each in findings if each.rule == "no-end-mark"] == [
        (
            "End it with a full stop, or with a colon above what it announces. "
            "If the sentence goes on below, write both on one line."
        )
    ]


def test_lines_of_a_programme_need_no_mark_and_a_sentence_that_begins_with_a_date_does(found: Check) -> None:
    assert (
        found("21. mai: Kurs for alle kommunene i Agder, Bodø\n\n4. juni: Kurs for alle kommunene i Troms, Tromsø")
        == []
    )
    assert found("21. mai er det kurs for alle kommunene i Agder") == [("no-end-mark", "i Agder")]


@pytest.mark.parametrize("mark", ["¹", "²³", "⁴", " ²"])
def test_marks_of_notes_behind_a_full_stop_hide_it_not(mark: str, found: Check) -> None:
    assert found(f"Vi møtes i Bodø for å snakke om felles rettleiar.{mark}") == []


@pytest.mark.parametrize(
    "words", ["felles areal på 12 m²", "felles tal i nr.2", "felles mål, pkt.2", "saker: to av 12 345"]
)
def test_figures_that_are_no_marks_of_notes_end_no_sentence(words: str, found: Check) -> None:
    assert [rule for rule, _ in found(f"Vi møtes i Bodø for å snakke om {words}")] == ["no-end-mark"]


def test_what_a_program_has_left_at_the_end_needs_no_full_stop(found: Check) -> None:
    text = "Vi møtes i Bodø for å snakke om felles utfordringer"
    assert found(f"{text}. Slettet: 12 og 13") == [("outlook-paste", "Slettet: ")]
    assert [rule for rule, _ in found(f"Side 1 av 2  \n{text}")] == ["outlook-paste", "no-end-mark"]


@pytest.mark.parametrize(
    "text",
    [
        "Vi møtes i Bodø for å snakke om felles utfordringer.",
        "Les mer om det som skjer i Bodø: [Veileder](https://a.example/)",
        "- et punkt i en liste som er ganske langt og uten punktum\n- to",
        "Kort uten punktum",
        "1. et punkt i en liste som er ganske langt og uten punktum\n2. to",
        "Vi møtes … kl. 10, i NOU-en og KS-eit.",
        "HOD har svart. Senere skrev Helsedepartementet (HOD) igjen.",
        "Det er slik at det det gjelder, er viktig. Ja ja.",
        "Han kom i går. Han kom ikke i dag.",
        'Rapporten "A" og "B" er ute.',
        "Rapporten «Noko heilt anna» er ute, sa «eg».",
        "Se [Korleis det gjekk](https://a.example/).",
        "En kommentar om Kvar i Noko.",
    ],
)
def test_good_prose_is_left_alone(text: str, found: Check) -> None:
    assert found(text) == []


def test_an_abbreviation_is_explained_where_it_stands_first(found: Check) -> None:
    text = "Spør HOD.\n\nHelse- og omsorgsdepartementet (HOD) svarer.\n\nHOD igjen."
    assert found(text) == [("abbreviation", "HOD")]
    assert found("Helse- og omsorgsdepartementet (HOD) svarer.\n\nHOD igjen.") == []


@pytest.mark.parametrize("words", ["ikke", "et", "kan vises", "samarbeidsavtalene", "pasienter", "nyheter"])
def test_bokmal_in_nynorsk_is_found_where_the_norms_differ(words: str, found: Check) -> None:
    expected = [] if words == "samarbeidsavtalene" else [("written-form", words)]
    assert found(f"Slik er {words} her.", lang="nn") == expected


def test_an_item_that_is_marked_wrong_is_found_and_one_marked_right_is_not(found: Check) -> None:
    assert ("language", "Møte") in found(NN, lang="nb")
    assert ("language", "Møte") in found(NB, lang="nn")
    assert found(NN, lang="nn") == []
    assert found(NB, lang="nb") == []


def test_a_text_in_the_other_language_is_one_finding_and_not_one_for_each_word(found: Check) -> None:
    assert [rule for rule, _ in found(NN, lang="nb") if rule in {"language", "written-form"}] == ["language"]
    assert [rule for rule, _ in found(NB, lang="nn") if rule in {"language", "written-form"}] == ["language"]


def test_the_language_of_the_texts_outside_the_items_is_looked_at(read_files: ReadFiles) -> None:
    def found_in(frame: str) -> list[tuple[str, int, str]]:
        reading = read_files({"issue.toml": frame, "items/010-mote.md": "+++\n+++\nTekst.\n"})
        assert reading.issue is not None
        found = lint(reading.issue, today=date(2024, 2, 1), sources=reading.sources)
        return [(each.rule, each.line, each.words) for each in found if each.rule in {"language", "written-form"}]

    head = 'title = "Nyheitsbrev"\ndate = "2024-02"\nlang = "nb"\n'
    dates = '[[important_dates]]\ndate = 2024-03-01\ntext = "Kva skjer frå mars"\n'
    sections = '[[sections]]\nid = "ks"\ntitle = "Nytt frå KS"\nitems = ["mote"]\n'
    groups = '[[link_groups]]\ntitle = "Korleis"\nentries = ["kva no", { text = "kva no", lang = "nn" }]\n'
    assert found_in(head) == [("written-form", 1, "Nyheitsbrev")]
    assert found_in(head.replace("Nyheitsbrev", "Nyhetsbrev") + sections + dates + groups) == [
        ("written-form", 6, "frå"),
        ("written-form", 10, "frå"),
        ("written-form", 13, "kva"),
    ]
    assert found_in(f'{head}intro = """\n{NN}\n"""\n') == [("language", 3, "nb")]
    assert found_in(f'{head.replace("nb", "nn")}intro = """\n{NN}\n"""\n') == []


def test_the_share_of_each_written_form_is_counted_over_the_year(read_files: ReadFiles) -> None:
    def issue(lang: str, text: str) -> IssueReading:
        frame = f'title = "Brev"\ndate = "2024-02"\nlang = "{lang}"\n'
        return read_files({"issue.toml": frame, "items/010-mote.md": f"+++\n+++\n{text}\n"})

    bokmal, nynorsk = issue("nb", NB).issue, issue("nn", NN).issue
    assert bokmal is not None
    assert nynorsk is not None
    assert set(words_by_language(bokmal)) == {"nb"}
    finding: Finding
    (finding,) = share_findings(bokmal, [bokmal])
    assert (finding.rule, finding.severity) == ("language-share", Severity.NOTE)
    assert "bokmål 100 %, nynorsk 0 %" in finding.message
    assert share_findings(bokmal, [bokmal, nynorsk]) == ()


def test_a_long_preheader_is_found_and_one_that_fits_is_not(read_files: ReadFiles) -> None:
    def rules(preheader: str) -> list[str]:
        frame = f'title = "Brev"\ndate = "2024-02"\npreheader = "{preheader}"\n'
        reading = read_files({"issue.toml": frame, "items/010-mote.md": "+++\ncontacts=['a@b.example']\n+++\nEn.\n"})
        assert reading.issue is not None
        return [each.rule for each in lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)]

    assert rules("a" * 121) == ["long-preheader"]
    assert rules("a" * 120) == []


def test_a_preheader_is_to_begin_with_the_next_deadline(read_files: ReadFiles) -> None:
    def found(preheader: str, *, dates: str) -> list[str]:
        frame = f'title = "Brev"\ndate = 2024-02-05\npreheader = "{preheader}"\n'
        item = f"+++\ncontacts=['a@b.example']\ndates = [{dates}]\n+++\nEn.\n"
        reading = read_files({"issue.toml": frame, "items/010-mote.md": item})
        assert reading.issue is not None, reading.findings
        findings = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
        return [each.message for each in findings if each.rule == "late-deadline"]

    past, late, soon = (f'{{ kind = "deadline", date = 2024-{day} }}' for day in ("02-04", "05-10", "04-03"))
    both = f"{past}, {late}, {soon}"
    words = "the preheader does not begin with the next deadline, 2024-04-03"
    assert found("Nytt om FACT", dates=both) == [words]
    assert found("Frist 13. april", dates=both) == [words]
    assert found(f"{'x' * 59} 3. april", dates=both) == [words]
    assert found("Frist 3. april. Nytt om FACT", dates=both) == []
    assert found(f"{'x' * 58} 3. april", dates=both) == []
    assert found("", dates=both) == []
    assert found("Nytt", dates=past) == []
    assert found("Nytt", dates='{ kind = "event", date = 2024-04-03 }') == []
    assert found("Nytt", dates='{ kind = "deadline", date = "2024-04" }') == []


def test_titles_that_fill_a_screen_are_named(read_files: ReadFiles) -> None:
    def found(frame: str, item: str) -> list[tuple[str, int, str]]:
        files = {
            "issue.toml": f'date = "2024-02"\ntitle = "{frame}"\npreheader = "x"\n',
            "items/010-mote.md": f"+++\ntitle = '{item}'\ncontacts=['a@b.example']\n+++\nEn.\n",
        }
        reading = read_files(files)
        assert reading.issue is not None
        findings = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
        return [(each.file, each.line, each.message) for each in findings if each.rule == "long-title"]

    assert found("b" * 110, "a" * 110) == []
    assert found("b" * 111, "a" * 112) == [
        ("issue.toml", 2, "the title has 111 characters"),
        ("items/010-mote.md", 2, "the title has 112 characters"),
    ]


def test_a_short_letter_may_do_without_preheader(read_files: ReadFiles) -> None:
    for kind, rules in (("note", []), ("issue", ["no-preheader"])):
        frame = f'title = "Rettelse"\nkind = "{kind}"\ndate = 2024-02-05\nintro = "Fristen er klokka 12."\n'
        reading = read_files({"issue.toml": frame, "items/010-mote.md": "+++\ncontacts=['a@b.example']\n+++\nEn.\n"})
        assert reading.issue is not None
        assert [each.rule for each in lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)] == rules


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Nye mål for 2030\n\nTekst.", "Nye mål for 2030"),
        ("Nye mål for 2030\nKS og andre er med.", "Nye mål for 2030"),
        ("# Nye mål for 2030\n\nTekst.", "Nye mål for 2030"),
        ("1.2 nye mål for  2030:\n\nTekst.", "1.2 nye mål for  2030:"),
        ("**Nye mål for 2030.**\n\nTekst.", "Nye mål for 2030."),
        ("Nye mål for 2030 (endeleg versjon 3)\n\nTekst.", "Nye mål for 2030 (endeleg versjon 3)"),
        ("Nye mål for 2030 – utkast 0.9\n\nTekst.", "Nye mål for 2030 – utkast 0.9"),
        ("Nye mål for 2030, endelig versjon 3\n\nTekst.", "Nye mål for 2030, endelig versjon 3"),
        ("Nye mål for 2030_v2\n\nTekst.", "Nye mål for 2030_v2"),
        ("(Nye mål for 2030)\n\nTekst.", None),
        ("Nye mål for 2030 kommer.\n\nTekst.", None),
        ("- Nye mål for 2030\n- Mer", None),
        ("Tekst.\n\nNye mål for 2030", None),
    ],
)
def test_a_text_that_begins_with_its_title_is_named(read_files: ReadFiles, text: str, words: str | None) -> None:
    reading = read_files({"items/010-mote.md": f'+++\ntitle = "1. Nye mål for 2030"\n+++\n{text}\n'})
    assert reading.issue is not None
    linted = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
    expected = [("items/010-mote.md", 4, words)] if words else []
    assert [(each.file, each.line, each.words) for each in linted if each.rule == "repeated-title"] == expected


def test_an_introduction_that_begins_with_the_title_is_named_once(read_files: ReadFiles) -> None:
    frame = 'title = "Nyhetsbrev"\nmasthead = "Nyhetsbrev"\ndate = "2024-02"\nintro = "Nyhetsbrev\\n\\nTekst."\n'
    reading = read_files({"issue.toml": frame})
    assert reading.issue is not None
    (finding,) = (
        each
        for each in lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
        if each.rule == "repeated-title"
    )
    assert (finding.file, finding.line, finding.column, finding.severity) == ("issue.toml", 4, 10, Severity.WARNING)
    assert finding.hint == "Remove it here."


@pytest.mark.parametrize("first", ["Kurs 2. mai", "Kurs mai", "Kurs b) mai"])
def test_a_number_within_a_title_is_part_of_it(first: str, read_files: ReadFiles) -> None:
    reading = read_files({"items/010-mote.md": f'+++\ntitle = "Kurs 1. mai"\n+++\n{first}\n\nVi møtes.\n'})
    assert reading.issue is not None
    rules = {each.rule for each in lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)}
    assert "repeated-title" not in rules


def test_a_text_without_title_repeats_none(read_files: ReadFiles) -> None:
    reading = read_files({"items/010-mote.md": "+++\n+++\n1) \n\n…\n"})
    assert reading.issue is not None
    rules = {each.rule for each in lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)}
    assert "repeated-title" not in rules


@pytest.mark.parametrize("title", ["Møte i Bodø (endeleg versjon 3)", "Møte i Bodø v.3"])
def test_the_version_in_a_title_makes_it_no_other_title(title: str, read_files: ReadFiles) -> None:
    reading = read_files({"items/010-mote.md": f'+++\ntitle = "{title}"\n+++\nMøte i Bodø\n\nTekst.\n'})
    assert reading.issue is not None
    linted = lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)
    assert "repeated-title" in {each.rule for each in linted}
