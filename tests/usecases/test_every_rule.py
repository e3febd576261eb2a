"""Each rule of docs/reference/checks.md on something it finds and on the same put right, and none is left out."""

import re
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailer.bootstrap import Services, build_services
from mailer.compose.composed import ComposedIssue, VariantKey
from mailer.compose.judging.readable import mail_findings
from mailer.compose.mail.checks import size_findings
from mailer.compose.theme import LIGHT, Theme
from mailer.issue.catalogue import RULES
from mailer.issue.lint import lint
from mailer.issue.lint.language import share_findings
from mailer.issue.lint.silencing import without_answered
from mailer.issue.model import Finding, Severity
from mailer.issue.reachability import LinkOptions, link_findings
from mailer.issue.source import IssueReading, read_issue
from mailer.subscribers.audience import AudienceMember
from mailer.usecases.checking import check_issue
from mailer.usecases.creation import init_workspace
from mailer.usecases.slot_values import merge_findings

Files = dict[str, str]
Check = Callable[[Files], Sequence[Finding]]

TODAY = date(2024, 2, 5)
HEAD = 'title = "Nyhetsbrev for alle"\ndate = "2024-02"\nlang = "nb"\n'
PREHEADER = 'preheader = "Det beste"\n'
CONTACT = 'contacts = ["kari@a.example"]\n'
NB = (
    "Kommunene skal ikke vente med å søke om midler til dette arbeidet, og de må selv sørge for at hver søknad "
    "kommer fra noen som kan svare på spørsmål om hvordan pengene skal brukes."
)
NN = (
    "Kommunane skal ikkje vente med å søkje om midlar til dette arbeidet, og dei må sjølve syte for at kvar søknad "
    "kjem frå nokon som kan svare på spørsmål om korleis pengane skal brukast."
)


def item(text: str = "Tekst.", *, facts: str = "", title: str = "Møte", contact: str = CONTACT) -> Files:
    return {"items/010-mote.md": f'+++\ntitle = "{title}"\n{contact}{facts}\n+++\n{text}\n'}


def frame(more: str = "", *, head: str = HEAD, preheader: str = PREHEADER) -> Files:
    return {"issue.toml": head + preheader + more}


def preheader(length: int) -> str:
    return f'preheader = "{"a" * length}"\n'


def sections(*tables: str) -> Files:
    return frame("".join(f"[[sections]]\ntitle = 'Nytt'\n{each}\n" for each in tables))


def deadline(day: str) -> Files:
    return item(facts=f'dates = [{{ kind = "deadline", date = {day} }}]')


FOUND_IN_FILES: dict[str, tuple[Files, Files]] = {
    "toml": (frame("reader_note = Hei\n"), frame('reader_note = "Hei."\n')),
    "front-matter": ({"items/010-mote.md": "Tekst.\n"}, item()),
    "unknown-key": (frame('titel = "x"\n'), frame('masthead = "x"\n')),
    "unknown-value": (item(facts='dates = [{ kind = "meting", date = 2024-03-01 }]'), deadline("2024-03-01")),
    "wrong-type": (frame('number = "7"\n'), frame("number = 7\n")),
    "missing": ({"issue.toml": 'date = "2024-02"\n'}, frame()),
    "date": (deadline('"2024-13"'), deadline('"2024-12"')),
    "time": (
        item(facts='dates = [{ date = 2024-03-01, time = "halv ti" }]'),
        item(facts='dates = [{ date = 2024-03-01, time = "09:30-15:00" }]'),
    ),
    "lang": (item(facts='lang = "no"'), item(facts='lang = "nn"')),
    "email": (frame('contact = "kari.kommune.example"\n'), frame('contact = "kari@kommune.example"\n')),
    "slug": (item(facts='slug = "Møte i Bodø"'), item(facts='slug = "mote-i-bodo"')),
    "duplicate": (
        {**item(facts='slug = "a"'), "items/020-a.md": f'+++\nslug = "a"\n{CONTACT}+++\nTekst.\n'},
        {**item(facts='slug = "a"'), "items/020-a.md": f'+++\nslug = "b"\n{CONTACT}+++\nTekst.\n'},
    ),
    "copy": (
        {**item(), "items/010-mote - Kopi.md": item("Et annet møte.", title="Et annet")["items/010-mote.md"]},
        {**item(), "items/020-annet.md": item("Et annet møte.", title="Et annet")["items/010-mote.md"]},
    ),
    "placed-twice": (
        sections('id = "ks"\nitems = ["mote"]', 'id = "rhf"\nitems = ["mote"]'),
        sections('id = "ks"\nitems = ["mote"]', 'id = "rhf"'),
    ),
    "unknown-item": (sections('id = "ks"\nitems = ["mte"]'), sections('id = "ks"\nitems = ["mote"]')),
    "unknown-section": (
        {**sections('id = "ks"'), **item(facts='section = "kss"')},
        {**sections('id = "ks"'), **item(facts='section = "ks"')},
    ),
    "section-order": (
        sections('id = "rhf"', 'id = "ks"', 'id = "midt"\nparent = "rhf"'),
        sections('id = "rhf"', 'id = "midt"\nparent = "rhf"', 'id = "ks"'),
    ),
    "empty-section": (
        sections('id = "ks"'),
        {**sections('id = "ks"'), **item(facts='section = "ks"')},
    ),
    "ignored": ({"items/notat.docx": "x"}, {"items/.notat.docx": "x"}),
    "character": (item("ord\u200bord"), item("ord\u00a0ord")),
    "nesting": (item(">" * 60 + " x"), item(">>> x")),
    "html": (item("<font color=red>x</font>"), item("2 \\< 3")),
    "image": (item("![Kart](images/kart.png)"), {**item("![Kart](images/kart.png)"), "images/kart.png": "x"}),
    "image-alt": (
        {**item("![](images/kart.png)"), "images/kart.png": "x"},
        {**item("![Kart](images/kart.png)"), "images/kart.png": "x"},
    ),
    "helsefellesskap": (item(facts='helsefellesskap = ["osslo"]'), item(facts='helsefellesskap = ["oslo"]')),
    "no-text": (item(""), item()),
    "no-words": (item("[](https://a.example/)"), item("[Veileder](https://a.example/)")),
    "empty-heading": (item("###\n\nTekst."), item("### Mer\n\nTekst.")),
    "rule": (item("Tekst.\n\n---"), item("Tekst – mer.")),
    "left-over-mark": (item("**Frist:**15. januar."), item("**Frist:** 15. januar.")),
    "link-title": (item('[Rapport](https://a.example/ "PDF")'), item("[Rapport](https://a.example/) (PDF).")),
    "comment": (item("Tekst.\n\n<!-- spør Kari -->"), item("Tekst.\n\n<!-- check off: bare-url, med vilje -->")),
    "empty-point": (item("- Første.\n-\n- Andre."), item("- Første.\n- Andre.")),
    "joined-lines": (
        item("Vi møtes i Bodø.\nAlle er velkomne dit."),
        item("Vi møtes i Bodø.\n\nAlle er velkomne dit."),
    ),
    "sign": (item("- 3 % i Nord."), item("− 3 % i Nord.")),
    "pasted-list": (item("•\tFørste.\n•\tAndre."), item("- Første.\n- Andre.")),
    "pasted-heading": (item("1\tBakgrunn\n\nVi er i gang."), item("## 1 Bakgrunn\n\nVi er i gang.")),
    "table": (item("| A | B |\n| 1 | 2 |"), item("| A | B |\n|---|---|\n| 1 | 2 |")),
    "table-size": (
        item("|".join("ABCDE") + "\n" + "|".join(["---"] * 5) + "\n" + "|".join("12345")),
        item("|".join("ABCD") + "\n" + "|".join(["---"] * 4) + "\n" + "|".join("1234")),
    ),
    "footnote": (item("Se tallene[^1]."), item("Se tallene[^1].\n\n[^1]: Fra i fjor.")),
    "list-numbers": (item("3. Tredje.\n1. Første."), item("1. Første.\n2. Andre.\n\nFrist:\n\n21. mai.")),
    "link": (item("[x](htps://a.example/)"), item("[x](https://a.example/)")),
    "no-address": (item("[Veileder]()"), item("[Veileder](https://a.example/)")),
    "tracking": (item("[x](https://a.example/?fbclid=1)"), item("[x](https://a.example/?side=1)")),
    "wrapped-link": (item("[x](https://a.us1.list-manage.com/track/click?u=1)"), item("[x](https://a.example/1)")),
    "example": (
        item("Skriv teksten her, med [ord som lenke](https://example.org/)."),
        item(title="Eksempel: slik gjorde vi"),
    ),
    "no-preheader": (frame(preheader=""), frame()),
    "long-preheader": (
        frame(preheader=f'preheader = "{"a" * 121}"\n'),
        frame(preheader=f'preheader = "{"a" * 120}"\n'),
    ),
    "late-deadline": (
        item(facts='dates = [{ kind = "deadline", date = 2024-06-03 }]'),
        {
            **item(facts='dates = [{ kind = "deadline", date = 2024-06-03 }]'),
            **frame(preheader='preheader = "Frist 3. juni"\n'),
        },
    ),
    "long-title": (item(title="a" * 111), item(title="a" * 110)),
    "repeated-title": (item("Møte\n\nVi møtes."), item("Møtet\n\nVi møtes.")),
    "no-contact": (item(contact=""), item("Spør <kari@a.example>.", contact="")),
    "contact-in-text": (item("Spør kari@a.example."), item("Spør oss.")),
    "bare-url": (item("Se https://a.example/x."), item("Se [veilederen](https://a.example/x).")),
    "link-words": (item("Les mer [her](https://a.example/)."), item("Les [veilederen her](https://a.example/).")),
    "http-link": (item("[Veileder](http://a.example/)"), item("[Veileder](https://a.example/)")),
    "duplicate-link": (
        item("[A](https://a.example/) og [B](https://a.example/)"),
        item("[A](https://a.example/) og [B](https://b.example/)"),
    ),
    "inside-link": (item("[Sak](https://sak/12)"), item("[Sak](https://sak.example/12)")),
    "outlook-paste": (item("Vi møtes. Med vennlig hilsen Kari"), item("Vi møtes til en vennlig hilsen.")),
    "reply-title": (item(title="SV: Møte"), item(title="Svar på møtet")),
    "placeholder": (item("Fristen er XX.XX.2024."), item("Fristen er 01.03.2024.")),
    "doubled-space": (item("ord  to."), item("ord to.")),
    "space-inside": (item("(i oktober )."), item("(i oktober).")),
    "space-before-mark": (item("Vi møtes ,og snakker."), item("Vi møtes, og snakker.")),
    "stray-bar": (item("registeret| er."), item("registeret er.")),
    "hanging-hyphen": (item("på helse - og omsorgsfeltet."), item("på helse- og omsorgsfeltet.")),
    "unbalanced": (item("herunder (Helsami er."), item("a) først (Helsami).")),
    "mixed-quotes": (item('Rapporten «A» og "B" er ute.'), item("Rapporten «A» og «B» er ute.")),
    "no-end-mark": (
        item("Vi møtes i Bodø for å snakke om felles utfordringer"),
        item("Vi møtes i Bodø for å snakke om felles utfordringer."),
    ),
    "repeated-word": (item("Vi vil vil møtes."), item("Vi mener at det det gjelder, er viktig.")),
    "repeated-sentence": (
        item("Deltakerne var leger fra Oslo. Deltakerne var leger fra mange kommuner."),
        item("Deltakerne var leger fra Oslo. Alle kom fra kommuner."),
    ),
    "abbreviation": (
        item("Skriv til HOD.\n\nDepartementet (HOD) svarer."),
        item("Departementet (HOD) svarer.\n\nSkriv til HOD."),
    ),
    "language": (item(NN), item(NB)),
    "written-form": (item("Det er noko nytt."), item("Det er noe nytt.")),
    "weekday": (item("Vi møtes torsdag 06.04.22."), item("Vi møtes onsdag 06.04.22.")),
    "past-date": (deadline("2024-02-02"), deadline("2024-03-01")),
    "short-notice": (deadline("2024-02-16"), deadline("2024-02-19")),
    "promise": (frame("next_issue = 2024-01-31\n"), frame("next_issue = 2024-04-03\n")),
}


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Files], IssueReading]:
    def read_files(files: Files) -> IssueReading:
        folder = tmp_path / "2024-02"
        shutil.rmtree(folder, ignore_errors=True)
        write(folder, frame() | item() | files)
        return read_issue(folder, helsefellesskap=["oslo"], publisher="Helsedirektoratet")

    return read_files


def write(folder: Path, files: Files) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def rules(findings: Iterable[Finding]) -> set[str]:
    return {each.rule for each in findings}


@pytest.mark.parametrize("rule", FOUND_IN_FILES)
def test_a_rule_finds_what_is_wrong_in_the_files_and_not_what_is_right(
    rule: str, read: Callable[[Files], IssueReading]
) -> None:
    def found(files: Files) -> set[str]:
        reading = read(files)
        linted = lint(reading.issue, today=TODAY, sources=reading.sources) if reading.issue else ()
        return rules((*reading.findings, *linted))

    wrong, right = FOUND_IN_FILES[rule]
    assert rule in found(wrong)
    assert rule not in found(right)


# --- The composed mail, its readers, and what lies outside the files -------------------------------------------------


PAGE = '<!DOCTYPE html><html lang="nb"><body><h1>A</h1><h2>B</h2><p style="color:red"><img src="cid:a" alt=""></p>'


def mail(html: str = PAGE, *, subject: str = "Nyhetsbrev – mars 2024", muted: str = LIGHT.muted) -> set[str]:
    composed = ComposedIssue(
        key=VariantKey(), subject=subject, preheader="", html=html, text="", mjml="", lang="nb", slots=frozenset()
    )
    return rules(mail_findings(composed, replace(Theme(), light=replace(LIGHT, muted=muted))))


def merged(address: str) -> set[str]:
    member = AudienceMember(
        subscriber_id=1, address="a", recipient=address, name="", lang="nb", lists=(), helsefellesskap=()
    )
    return rules(merge_findings([member]))


def answered(comment: str) -> set[str]:
    return rules(without_answered((), sources={"a.md": comment}, off={}, known=RULES))


FOUND_IN_THE_MAIL: dict[str, tuple[set[str], set[str]]] = {
    "subject-length": (mail(subject="a" * 79), mail(subject="a" * 78)),
    "contrast": (mail(muted="#AAAAAA"), mail()),
    "heading-order": (mail(PAGE.replace("h2", "h3")), mail()),
    "alt-text": (mail(PAGE.replace(' alt=""', "")), mail()),
    "html-lang": (mail(PAGE.replace(' lang="nb"', "")), mail()),
    "slots": (mail(f"{PAGE}slot9x7q4name4q7x9"), mail()),
    "client-support": (mail(PAGE.replace("color:red", "display:flex")), mail()),
    "size": (rules(size_findings("x" * 102_000)), rules(size_findings("x" * 101_999))),
    "merge-values": (merged("kari"), merged("kari@a.example")),
    "check-off": (answered("<!-- check off: bare-url -->"), answered("<!-- check off: bare-url, a name -->")),
}


@pytest.mark.parametrize("rule", FOUND_IN_THE_MAIL)
def test_a_rule_finds_what_is_wrong_with_a_mail_and_not_what_is_right(rule: str) -> None:
    wrong, right = FOUND_IN_THE_MAIL[rule]
    assert rule in wrong
    assert right == set()


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    init_workspace(tmp_path / "workspace")
    with closing(build_services(tmp_path / "workspace" / "config.toml", environ={}, announce=lambda _: None)) as built:
        write(built.settings.paths.issues / "2024-02", frame() | item())
        yield built


def check(services: Services, files: Files) -> set[str]:
    write(services.settings.paths.issues / "2024-02", files)
    return rules(check_issue(services, "2024-02", today=TODAY).findings)


def test_the_rules_that_need_the_mail_composed_find_what_is_wrong_and_not_what_is_right(services: Services) -> None:
    entry = '[[important_dates]]\ndate = 2024-03-01\ntext = "Møte i Bodø"\n'
    assert "gathered-dates" in check(services, deadline("2024-03-01"))
    assert "gathered-dates" not in check(services, frame(entry))
    assert "unlisted-date" in check(services, deadline("2024-03-01") | frame(entry))
    listed = entry + 'kind = "deadline"\n'
    assert "unlisted-date" not in check(services, deadline("2024-03-01") | frame(listed))
    long = f"{'ord ' * 60}.\n\n{'ord ' * 80}.\n"
    assert "long-items" in check(services, item(long, facts='long_items = "lead"'))
    assert "long-items" not in check(services, item(long))
    picture = item("![Kart](images/kart.png)")
    assert "picture" in check(services, {**picture, "images/kart.png": "no picture"})
    shutil.copyfile(Path(__file__).parents[2] / "docs" / "pictures" / "inbox.png", _picture(services))
    assert "picture" not in check(services, {})
    assert "missing-glyph" in check(services, item("Hei 中."))
    assert "missing-glyph" not in check(services, item("Hei čđŋ."))
    footer = services.settings.paths.templates / "email" / "components" / "footer.mjml.j2"
    shipped = footer.read_text("utf-8")
    footer.write_text("", encoding="utf-8")
    assert "composing" in check(services.afresh(), {})
    footer.write_text(shipped, encoding="utf-8")
    assert "composing" not in check(services.afresh(), {})


def _picture(services: Services) -> Path:
    return services.settings.paths.issues / "2024-02" / "images" / "kart.png"


def test_a_dead_link_is_found_and_one_that_leads_somewhere_is_not(
    read: Callable[[Files], IssueReading],
) -> None:
    """Web sites that answer, and in which ways, have tests of their own."""

    def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror(host, port)

    def found(text: str) -> set[str]:
        reading = read(item(text))
        assert reading.issue is not None
        options = LinkOptions(resolve=nowhere)
        return rules(link_findings(reading.issue, sources=reading.sources, options=options))

    assert found("[Veileder](https://nowhere.example/)") == {"dead-link"}
    assert found("[Skriv](mailto:kari@a.example)") == set()


def test_a_year_in_one_written_form_is_found_and_one_in_both_is_not(read: Callable[[Files], IssueReading]) -> None:
    bokmal, nynorsk = read(item(NB)).issue, read(item(NN, facts='lang = "nn"')).issue
    assert bokmal is not None
    assert nynorsk is not None
    assert rules(share_findings(bokmal, [bokmal])) == {"language-share"}
    assert rules(share_findings(bokmal, [bokmal, nynorsk])) == set()


def test_an_introduction_of_the_issue_before_is_found_and_a_new_one_is_not(services: Services) -> None:
    intro = 'intro = """\nTre nyheter\nfor alle.\n"""\n'
    issues = services.settings.paths.issues
    for slug, words in (
        ("2023-11", "Et eldre brev."),
        ("2023-12", "Tre nyheter for alle."),
        ("2024-03", "Neste brev."),
    ):
        write(issues / slug, frame(f'intro = "{words}"\n') | item())
    assert "old-introduction" in check(services, frame(intro))
    checked = check_issue(services, "2024-02", today=TODAY)
    [finding] = [each for each in checked.findings if each.rule == "old-introduction"]
    assert finding.message == "the introduction is still that of 2023-12"
    assert "old-introduction" not in check(services, frame(intro.replace("Tre", "Fire")))
    assert "old-introduction" not in check(services, frame())
    write(issues / "2023-12", {"issue.toml": "intro = "})
    assert "old-introduction" not in check(services, frame(intro))


def test_a_file_in_another_encoding_is_found_and_one_in_utf_8_is_not(tmp_path: Path) -> None:
    write(tmp_path / "2024-02", frame() | item())
    file = tmp_path / "2024-02" / "items" / "010-mote.md"
    assert rules(read_issue(tmp_path / "2024-02", helsefellesskap=[], publisher="x").findings) == set()
    file.write_bytes(file.read_text("utf-8").encode("latin-1"))
    assert rules(read_issue(tmp_path / "2024-02", helsefellesskap=[], publisher="x").findings) == {"unreadable"}


def test_real_pages_without_an_accessibility_statement_are_found_once(services: Services) -> None:
    file = services.settings.file
    shipped = file.read_text("utf-8")

    def found(**values: str) -> list[tuple[str, int, str]]:
        text = shipped
        for key, value in values.items():
            text = re.sub(rf"^{key} = .*$", f'{key} = "{value}"', text, flags=re.MULTILINE)
        file.write_text(text, encoding="utf-8")
        with closing(build_services(file, environ={}, announce=lambda _: None)) as built:
            findings = check_issue(built, "2024-02", today=TODAY).findings
        told = [each for each in findings if each.rule == "accessibility-statement"]
        assert all(each.severity is Severity.WARNING for each in told)
        return [(each.file, each.line, str(each.message)) for each in told]

    line = shipped.split("\n").index('base_url = "https://nyhetsbrev.example"') + 1
    words = "the mail and the public pages lead to no accessibility statement"
    assert found(base_url="https://brev.example.no") == [("config.toml", line, words)]
    assert found(base_url="https://brev.example.no", accessibility_statement="https://uustatus.no/1") == []
    assert found(base_url="https://Brev.EXAMPLE") == found(base_url="http://127.0.0.1:8000") == found() == []


TRIED_BY_THEMSELVES = {
    "accessibility-statement",
    "composing",
    "dead-link",
    "gathered-dates",
    "language-share",
    "long-items",
    "missing-glyph",
    "old-introduction",
    "picture",
    "picture-animated",
    "picture-colours",
    "picture-height",
    "unlisted-date",
    "unreadable",
}


def test_no_rule_is_left_out() -> None:
    assert {*FOUND_IN_FILES, *FOUND_IN_THE_MAIL, *TRIED_BY_THEMSELVES} == set(RULES)
