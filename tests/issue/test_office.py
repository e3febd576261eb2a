"""What Word, Excel, Teams and printers leave in a text (`lint/office`) is named, and what is like it is left alone."""

from collections.abc import Callable
from datetime import date

import pytest

from mailer.issue.lint import lint
from mailer.issue.model import Finding
from mailer.issue.source import IssueReading

ReadFiles = Callable[..., IssueReading]
Find = Callable[[str], list[Finding]]

COMMENT = "Word has put this comment or change into the text"
MENTION = "a colleague is spoken to here"
CHAT = "this comes from a chat"
FIELD = "this is a code of Word's, and not what it shows"
MEETING = "this belongs to the invitation to a meeting"
FORMULA = "Excel shows this in place of a value"
CELL = "Excel has put this cell into quotation marks"
PAGE = "this may be the number of a page"
EDGE = "this comes from the edge of a page"
HINTS = {
    COMMENT: "Remove it with its words: they were not meant for readers.",
    MENTION: "Remove the name, and what is for the colleague alone.",
    CHAT: "Remove it, with the names and times around the text.",
    FIELD: "Write what Word shows in its place.",
    MEETING: "Remove it: whoever gets it can enter the meeting. Lead readers to where they sign up.",
    FORMULA: "Write the value itself.",
    CELL: "Remove the outer marks, and write one mark where two stand.",
    EDGE: "Remove it.",
    PAGE: "Remove it if it is. To a figure, write in the same line what it counts.",
}


@pytest.fixture
def found(read_files: ReadFiles) -> Find:
    def find(text: str) -> list[Finding]:
        frame = 'title = "Nyhetsbrev"\ndate = "2024-02"\n'
        reading = read_files({"issue.toml": frame, "items/010-mote.md": f'+++\ntitle = "Møte"\n+++\n{text}\n'})
        assert reading.readable is not None
        linted = lint(reading.readable, today=date(2024, 2, 5), sources=reading.sources)
        return [each for each in linted if each.rule == "outlook-paste"]

    return find


@pytest.mark.parametrize(
    ("text", "place", "words", "message"),
    [
        ("Det er 142 personer.[KN1] Nye tall kommer.", "4:21", "[KN1]", COMMENT),
        ("[KN1]Er dette rett tall?", "4:1", "[KN1]", COMMENT),
        ("[OH2R1]Ja", "4:1", "[OH2R1]", COMMENT),
        ("- Ett.\n- To.[ÅS12]", "5:6", "[ÅS12]", COMMENT),
        ("> Ett.[KN1]", "4:7", "[KN1]", COMMENT),
        ("A | B\n--|--\n1 | 2[KN1]", "6:6", "[KN1]", COMMENT),
        ("Ett[^1].\n\n[^1]: To.[KN1]", "6:10", "[KN1]", COMMENT),
        ("Kommentert [KN2]: Er det rett?", "4:1", "Kommentert [KN2]:", COMMENT),
        ("Commented [KN2]: Is it?", "4:1", "Commented [KN2]:", COMMENT),
        ("Formatert: Skrift: Fet", "4:1", "Formatert: Skrift", COMMENT),
        ("Formatert (tabell): Innrykk: Venstre", "4:1", "Formatert (tabell): Innrykk", COMMENT),
        ("Formatted: Font: Bold", "4:1", "Formatted: Font", COMMENT),
        ("Slettet: to", "4:1", "Slettet: ", COMMENT),
        ("Sletta: to", "4:1", "Sletta: ", COMMENT),
        ("Det er fem rom. Slettet: 12", "4:17", "Slettet: ", COMMENT),
        ("Det er fem rom.Satt inn: 12", "4:16", "Satt inn: ", COMMENT),
        ("Fem rom. Formatert: Skrift: Fet", "4:10", "Formatert: Skrift", COMMENT),
        ("Flyttet ned [1]: to rom", "4:1", "Flyttet ned [1]", COMMENT),
        ("Her. Moved (insertion) [2]", "4:6", "Moved (insertion) [2]", COMMENT),
        ("[b]Kan vi få nye tall?", "4:1", "[b]", COMMENT),
        ("Ja? [c]Nei", "4:5", "[c]", COMMENT),
        ("@Ola Nordmann sjå på dette", "4:1", "@Ola Nordmann", MENTION),
        ("Kari: @Ola Nordmann sjekk", "4:7", "@Ola Nordmann", MENTION),
        ("Se @Ola Moe Nordmann, kan du det?", "4:4", "@Ola Moe Nordmann", MENTION),
        ('Se HYPERLINK "x" her.', "4:4", 'HYPERLINK "', FIELD),
        ("Figur SEQ Figur 1: Kart", "4:7", "SEQ Figur", FIELD),
        (r"Figur \* ARABIC 1: Kart", "4:8", "* ARABIC", FIELD),
        ("Se REF _Ref123 i teksten.", "4:4", "REF _Ref123", FIELD),
        ("Møte-ID: 345 678 901 22", "4:1", "Møte-ID: 345 678 901 22", MEETING),
        ("Meeting ID: 345 678 901 22", "4:1", "Meeting ID: 345 678 901 22", MEETING),
        ("Telefonkonferanse-ID: 345 678 901#", "4:8", "konferanse-ID: 345 678 901#", MEETING),
        ("Møte.\n\nKode: aB3dEf", "6:1", "Kode: aB3dEf", MEETING),
        ("Passord: x7Yz9Q", "4:1", "Passord: x7Yz9Q", MEETING),
        ("+47 21 40 20 11,,123456789# Norge, Oslo", "4:1", "+47 21 40 20 11,,123456789#", MEETING),
        ("For arrangører: Møtealternativer", "4:1", "For arrangører: Møtealternativer", MEETING),
        ("For arrangørar: Møtealternativ", "4:1", "For arrangørar: Møtealternativ", MEETING),
        ("Bli med på møtet nå", "4:1", "Bli med på møtet nå", MEETING),
        ("Finn et lokalt nummer", "4:1", "Finn et lokalt nummer", MEETING),
        ("Microsoft Teams-møte", "4:1", "Microsoft Teams-møte", MEETING),
        ("Microsoft Teams Trenger du hjelp?", "4:1", "Microsoft Teams Trenger", MEETING),
        ("Bli med på datamaskinen eller i appen", "4:1", "Bli med på datamaskinen", MEETING),
        ("Bli med med en videokonferanseenhet", "4:1", "Bli med med en videokonferanseenhet", MEETING),
        ("Klikk her for å bli med på møtet", "4:1", "Klikk her for å bli med på møtet", MEETING),
        ("Eller ring inn", "4:1", "Eller ring inn", MEETING),
        ("Du kan ringe. Ring inn (bare lyd)", "4:15", "Ring inn (bare lyd)", MEETING),
        ("(UTC+01:00) Bern, Oslo, Wien", "4:1", "(UTC+01:00) Bern, Oslo, Wien", MEETING),
        (
            "Kari is inviting you to a scheduled Zoom meeting.",
            "4:9",
            "inviting you to a scheduled Zoom meeting",
            MEETING,
        ),
        ("Video-ID: 123456", "4:1", "Video-ID: 123456", MEETING),
        ("Region\tSum\nNord\t#REF!\nMidt\t1", "5:6", "#REF!", FORMULA),
        ("Region\tSum\nNord\t########\nMidt\t1", "5:6", "########", FORMULA),
        ("Summen er #DIV/0! i år.", "4:11", "#DIV/0!", FORMULA),
        ("Summen er #VERDI! i år.", "4:11", "#VERDI!", FORMULA),
        ("Summen er #NAVN? i år.", "4:11", "#NAVN?", FORMULA),
        ("Summen er #I/T i år.", "4:11", "#I/T", FORMULA),
        ("Summen er #N/A i år.", "4:11", "#N/A", FORMULA),
        ("Summen er =SUM(A1:A4) i år.", "4:11", "=SUM(A1:A4)", FORMULA),
        ("Summen er =SUMMER(A1;A4) i år.", "4:11", "=SUMMER(A1;A4)", FORMULA),
        ("Summen er =$A$1+B2 i år.", "4:11", "=$A$1+B2", FORMULA),
        ("Summen er 1,23E+06 i år.", "4:11", "1,23E+06", FORMULA),
        ("Region\tFrist\nNord\t44927\nMidt\tx", "5:6", "44927", FORMULA),
        ("Startdato | By\n--|--\n54999,5 | Oslo", "6:1", "54999,5", FORMULA),
        ('"St. Olavs ""Hjemme først"""', "4:1", '"St. Olavs ""Hjemme først"""', CELL),
        ('Merknader\n"Linje 1\nLinje 2"\nOslo', "5:1", '"Linje 1 Linje 2"', CELL),
        ("Tekst.\n\nSide 1 av 3", "6:1", "Side 1 av 3", EDGE),
        ("[08.02.2024 09:14] Marit Strand\nHei!", "4:1", "[08.02.2024 09:14] Marit Strand", CHAT),
        ("[8/2/24, 9:14 AM] Ola Vik", "4:1", "[8/2/24, 9:14 AM] Ola Vik", CHAT),
        ("Kari Holm\n09:14\nHer er den.", "4:1", "Kari Holm 09:14", CHAT),
        ("Kari Holm\n08.02. kl. 09:14\nHer er den.", "4:1", "Kari Holm 08.02. kl. 09:14", CHAT),
        ("Kari Holm i går 09:14", "4:1", "Kari Holm i går 09:14", CHAT),
        ("Ola Vik har svart på en melding fra Kari", "4:9", "har svart på en melding fra", CHAT),
        ("Per By reagerte med ❤️", "4:8", "reagerte med ❤", CHAT),
        ("[14:12] Per Ås\nHei.", "4:1", "[14:12] Per Ås", CHAT),
        ("Her.\nSkriv ut", "5:1", "Skriv ut", EDGE),
        ("Del på Facebook", "4:1", "Del på Facebook", EDGE),
        ("Sist oppdatert 15.01.2024", "4:1", "Sist oppdatert 15.01.2024", EDGE),
        ("Sett av alle", "4:1", "Sett av alle", CHAT),
        ("Det er bra.\nRedigert", "5:1", "Redigert", CHAT),
        ("Passord: Vår2024", "4:1", "Passord: Vår2024", MEETING),
        ("Klassifisering: Intern", "4:1", "Klassifisering: Intern", EDGE),
        ("Unntatt offentlighet, offl. § 14", "4:1", "Unntatt offentlighet", EDGE),
        ("Unntatt frå offentlegheit", "4:1", "Unntatt frå offentlegheit", EDGE),
        ("Page 1 of 3", "4:1", "Page 1 of 3", EDGE),
        ("Vi møtes der. Side 2 av 2", "4:15", "Side 2 av 2", EDGE),
        ("Vi møtes Side 2 av 2 i Bodø.", "4:10", "Side 2 av 2", EDGE),
        ("Tekst.\n\n7\n\nMer.", "6:1", "7", PAGE),
        ("Tekst.\n\n1/12\n\nMer.", "6:1", "1/12", PAGE),
        ("Tekst.\n\n- Punkt\n\n7\n\n- punkt", "8:1", "7", PAGE),
        ("Tekst.\n\n– 12 –\n\nMer.", "6:1", "– 12 –", PAGE),
        ("Tekst.\n\nSide 12", "6:1", "Side 12", PAGE),
        ("Årsrapport 2023\nSide 12", "5:1", "Side 12", PAGE),
        ("Nyhetsbrev nr. 2\t\tSide 1", "4:19", "Side 1", PAGE),
        ("Tekst.\n\ns. 12\n\nMer.", "6:1", "s. 12", PAGE),
        ("Vi er glade.\n17\nKontakt: Kari", "5:1", "17", PAGE),
        ("Vi er glade.\n- 17 -\nVi er her.", "5:1", "- 17 -", PAGE),
        ("Vi er glade.\n112", "5:1", "112", PAGE),
        ("17\nKontakt: Kari", "4:1", "17", PAGE),
        ("Vi er glade.\n3\n2.1 Resultater\nHer er de.", "5:1", "3", PAGE),
        ("1\nTall fra NPR.\n4", "6:1", "4", PAGE),
        (f"Mer.\n17\n{'Ord ' * 11}", "5:1", "17", PAGE),
        ("Kooooooooooooooooooooooooooooooooooooooo\n17\neHelse og hjelp.", "5:1", "17", PAGE),
        (f"Mer.\n17\nO{'r' * 39}", "5:1", "17", PAGE),
        ("11/29/26, 6:19 PM", "4:1", "11/29/26, 6:19 PM", EDGE),
        ("Utkast 0.9", "4:1", "Utkast 0.9", EDGE),
        ("Sensitivitet: Intern", "4:1", "Sensitivitet: Intern", EDGE),
    ],
)
def test_what_office_programs_leave_is_named_at_its_place(
    found: Find, *, text: str, place: str, words: str, message: str
) -> None:
    (finding,) = found(text)
    assert (f"{finding.line}:{finding.column}", finding.words, finding.message) == (place, words, message)
    assert finding.hint == HINTS[message]


@pytest.mark.parametrize(
    "text",
    [
        "Se [KN1](https://a.example/) og [A] og [2024] og ISO9001.",
        "Kommentert utgave av loven. Formatert: tre sider. Vi har slettet: tre linjer.",
        "Figur 1 viser SEQ. Loven har REF 12.",
        "Møtet har ID: 345 678 901 22.",
        "Kode: sommer",
        "Kari Nordmann 10:15\nOla Vik 10:30",
        "Kari Nordmann\n10.15 Kaffe",
        "Dokumentet er unntatt offentlighet.",
        "Redigert av Kari",
        "Skriv ut skjemaet.",
        "Publisert 12 ganger",
        "Legene reagerte med glede.",
        "Kode: Sommer",
        "Kode: tre bokstaver",
        "Ring +47 21 40 20 11, 12 eller 22 22 22 22.",
        "Bli med på møtet! Vi finner et nummer.",
        "#hashtag, #REFORM, #NAV og ### her.",
        "a=b, x = SUM og 2E+06 eller 1,2E.",
        'Han sa "ja" og "nei".',
        'Det heter "" i koden.',
        "Se side 1 av 3 i rapporten.",
        "Se kartet. Side 1 av 3 viser det.",
        "Tekst.\n\n112\n\n2024",
        "Antall deltakere:\n\n12\n\nAntall kommuner:\n\n7\n\nVi er flere.",
        "Det kom\n\n12\n\ndeltakere.",
        "Det kom\n12\ndeltakere.",
        "Koooooooooooooooooooooooooooooooooooooo\n17\nom bedre hjelp.",
        f"Mer.\n17\n{'ord ' * 9}Ord",
        f"Mer.\n17\nO{'r' * 38}",
        "17\nkommuner er med.",
        "Antall deltakere\n312",
        "Vi er glade.\n12\nKommuner",
        "Vi har mål.\n12\nKommuner er med.\n19\nHelsefellesskap er med.",
        "1\nLogg inn i Altinn.\n\n2\nFyll ut skjemaet.",
        "Mål:\n\n– 12 –\n\nSe side 12 og s. 14.",
        "Dag | Tal\n--|--\n1 | 1/2",
        "[a] er ein vokal. [x]Punkt",
        "Følg @KS og @Helse, eller @Ola på nett. Skriv til ola@Nordmann Ola.",
        "Møtet er kl. 10 (UTC+01:00). Ring inn nye tall!",
        "Microsoft Teams er et program.",
        "Vi flyttet ned [to] hus.",
        "Utkast til plan. Følsomhet er et ord: intern.",
        "Region\tSum\nNord\t44927\nMidt\tx",
        "Frist\tSum\n35999\t44927\n55000\t1",
        "Frister er 44927.",
        "Kampen sluttet 11/12.",
    ],
)
def test_words_like_those_of_office_programs_are_left_alone(found: Find, text: str) -> None:
    assert found(text) == []
