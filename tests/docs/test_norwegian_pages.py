"""The Norwegian pages say what their English twins say: the same commands, settings and headings, in plain bokmål."""

import re
import runpy
import shlex
import sys
from contextvars import copy_context
from datetime import date
from pathlib import Path

import pytest

from mailer.catalogue import Lang, msg, render
from mailer.cli import main
from mailer.cli.accounts import TERMS, name_status, show_equation
from mailer.cli.imports import OUTCOMES
from mailer.cli.language import speak
from mailer.config.settings import SECTIONS
from mailer.delivery.model import Counts
from mailer.issue.lint import lint
from mailer.issue.source import read_issue
from mailer.usecases.creation import init_workspace

DOCS = Path(__file__).resolve().parents[2] / "docs"
TWINS = {
    "kom-i-gang.md": "quickstart.md",
    "rediger-utgaven.md": "howto/edit-an-issue.md",
    "abonnenter.md": "howto/subscribers.md",
    "utsending.md": "howto/send-an-issue.md",
    "funn.md": "reference/checks.md",
}
WORDS = {
    "my-newsletter": "nyhetsbrev",
    "for-approval": "til-godkjenning",
    "approval": "godkjenning",
    "new-people.xlsx": "nye-abonnenter.xlsx",
    "everybody.xlsx": "alle.xlsx",
    "new.csv": "nye.csv",
    "refused.csv": "avvist.csv",
    "bounced.csv": "retur.csv",
    "OLD": "GAMMEL",
    "LIST": "LISTE",
    "SLUG": "",
    "FILE": "FIL",
    "FOLDER/": "MAPPE/",
    "deleted by mistake": "slettet ved en feil",
    "a: signed up by e-mail": "a: meldte seg på i e-post",
    "e: new job, case 24/1234": "e: ny jobb, sak 24/1234",
    "asked by telephone": "ba om det på telefon",
    "asked in writing to get it again": "ba skriftlig om å få det igjen",
    "has nothing to do with Oslo": "har ikke noe med Oslo å gjøre",
    "bounced in the old system": "e-post i retur i det gamle systemet",
    "wrong file": "feil fil",
}
"""What a reader would write in their own language: names of files and folders, reasons, places for a word."""
WEIGHTS = {"error": "feil", "warning": "advarsel", "note": "merknad", "to": "til", "or": "eller"}
KEYS = {key for section in SECTIONS.values() for key in section.model_fields}
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)

twins = pytest.mark.parametrize(("norwegian", "english"), TWINS.items(), ids=TWINS)


def read(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def commands(page: str) -> list[list[str]]:
    """The commands that a page gives to be copied, word by word."""
    lines = [line for info, text in FENCE.findall(page) if info in {"sh", "text"} for line in text.splitlines()]
    return [shlex.split(line) for line in lines if re.match(r"mailer |cd |\.venv/", line)]


def translated(words: list[str]) -> list[str]:
    return [WORDS.get(each, each) for each in words]


def named(page: str) -> set[str]:
    """The commands, options, variables, sections and keys that a page names within its sentences and tables."""
    spans = [" ".join(each.split()) for each in CODE.findall(FENCE.sub("", page))]
    pattern = re.compile(r"(?:mailer|--?[a-z]|MAILER_|\[+[a-z_]+\]+$).*|[a-z-]+ --?[a-z].*")
    return {each for each in spans if pattern.fullmatch(each) or each in KEYS}


NAMED_IN_ENGLISH = {
    " ".join(translated(each.split())).strip()
    for page in [*(DOCS / "howto").glob("*.md"), *(DOCS / "reference").glob("*.md"), DOCS / "quickstart.md"]
    for each in named(page.read_text("utf-8"))
}


@twins
def test_a_page_and_its_twin_link_to_each_other(norwegian: str, english: str) -> None:
    assert f"[In English](../{english})" in read(f"nb/{norwegian}")
    assert f"[På norsk]({'../' * english.count('/')}nb/{norwegian})" in read(english)


def test_every_norwegian_page_has_a_twin_and_stands_in_the_readme() -> None:
    assert {each.name for each in (DOCS / "nb").glob("*.md")} == set(TWINS)
    readme = (DOCS.parent / "README.md").read_text("utf-8")
    assert all(f"(docs/nb/{each})" in readme for each in TWINS)


@twins
def test_a_page_has_the_headings_of_its_twin(norwegian: str, english: str) -> None:
    def shape(page: str) -> list[tuple[str, str]]:
        return [(level, words.split()[0] if words[0].isdigit() else "") for level, words in HEADING.findall(page)]

    assert shape(read(f"nb/{norwegian}")) == shape(read(english))


@twins
def test_a_page_gives_the_commands_of_its_twin_in_the_same_order(norwegian: str, english: str) -> None:
    assert commands(read(f"nb/{norwegian}")) == [translated(words) for words in commands(read(english))]


@twins
def test_a_page_has_the_kinds_of_blocks_of_its_twin(norwegian: str, english: str) -> None:
    """What is run, what is written to a file and what is shown."""
    blocks = FENCE.findall(read(f"nb/{norwegian}"))
    assert [info for info, _ in blocks] == [info for info, _ in FENCE.findall(read(english))]
    files = re.compile(r"markdown \S+|sql")
    assert [text for info, text in blocks if files.fullmatch(info)] == [
        text for info, text in FENCE.findall(read(english)) if files.fullmatch(info)
    ]


@twins
def test_a_page_names_the_commands_options_and_settings_of_its_twin(norwegian: str, english: str) -> None:
    here = named(read(f"nb/{norwegian}"))
    there = {" ".join(translated(each.split())).strip() for each in named(read(english))}
    assert there - here == set()
    assert here <= NAMED_IN_ENGLISH


def test_the_page_of_findings_has_the_rules_and_weights_of_its_twin() -> None:
    row = re.compile(r"^\| (`[a-z-]+`) \| ([a-z ]+) \|", re.MULTILINE)
    there = [
        (rule, " ".join(WEIGHTS[each] for each in weight.split()))
        for rule, weight in row.findall(read("reference/checks.md"))
    ]
    assert row.findall(read("nb/funn.md")) == there


@pytest.mark.parametrize(("page", "lang"), [("nb/funn.md", "nb"), ("reference/checks.md", "en")])
def test_the_finding_that_is_shown_is_what_check_prints(
    page: str, lang: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    init_workspace(tmp_path / "nyhetsbrev")
    monkeypatch.chdir(tmp_path / "nyhetsbrev")
    monkeypatch.setenv("MAILER_INTERFACE__LANG", lang)
    for words in (["new"], ["check"]):
        monkeypatch.setattr(sys, "argv", ["mailer", *words, "2024-02"])
        with pytest.raises(SystemExit):
            main()
        for name, title in (("020-rettleiar", "Ny rettleiar"), ("040-mote", "Møte i Bodø")):
            item = Path("issues", "2024-02", "items", f"{name}.md")
            item.write_text(f'+++\ntitle = "{title}"\n+++\nVi møtes i Bodø.\n', encoding="utf-8")
    (shown,) = [text for info, text in FENCE.findall(read(page)) if info == "text"]
    finding, why, places = (" ".join(line.split()) for line in shown.splitlines())
    printed = " ".join(capsys.readouterr().out.split())
    assert f" {finding} {why.split()[0]}" in printed
    assert why.split(" ", 1)[1] in printed
    for number, place, words in re.findall(r"(\d+) (\d+:\d+) [«“](.*?)…?[»”]", places):
        assert re.search(rf"items/{number}-\w+\.md {place} [«“]{re.escape(words)}", printed), words


@pytest.mark.parametrize(("page", "lang"), [("nb/kom-i-gang.md", "nb"), ("quickstart.md", "en")])
def test_the_equation_that_is_shown_is_what_status_prints(
    page: str, lang: Lang, capsys: pytest.CaptureFixture[str]
) -> None:
    context = copy_context()
    context.run(speak, lang)
    context.run(show_equation, Counts(audience=13, accepted=13))
    shown = [text for info, text in FENCE.findall(read(page)) if info == "text"]
    assert capsys.readouterr().out in shown


def test_the_page_of_sending_has_a_line_for_each_state_in_the_terminals_words() -> None:
    terms = re.findall(r"^\| (\*.*?\*) \|", read("nb/utsending.md"), re.MULTILINE)
    assert ", ".join(terms) == ", ".join(f"*{render(name_status(each), 'nb')}*" for each in ("skipped", *TERMS))


def test_the_page_of_subscribers_has_the_terminals_words() -> None:
    page = read("nb/abonnenter.md")
    terms = re.findall(r"^\| (\*.*?\*) \|", page, re.MULTILINE)
    assert terms == [f"*{render(each(), 'nb')}*" for each in OUTCOMES.values()]
    assert f"Se på linjene med *{render(OUTCOMES['leaves'](), 'nb')}* når" in " ".join(page.split())
    assert f"*{render(msg('register.column-left'), 'nb')}* er alle" in page


def test_the_page_of_findings_has_the_catalogues_texts() -> None:
    """After a change of them: `python docs/nb/findings.py`."""
    page = read("nb/funn.md")
    assert runpy.run_path(str(DOCS / "nb" / "findings.py"))["fill"](page) == page


def prose(page: str) -> list[str]:
    """The paragraphs and points of a page without marks of Markdown; what stands as code or in italics is one word."""
    text = re.sub(r"^(?:#|\||\[In English\]|!\[).*$", "", FENCE.sub("", page), flags=re.MULTILINE)
    text = re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", CODE.sub("Kode", text)).replace("**", "")
    paragraphs = re.split(r"\n\n|\n(?=- )", re.sub(r"\*[^*]+\*", "Ordet", text))
    return [words for each in paragraphs if (words := " ".join(each.removeprefix("- ").split()))]


@pytest.mark.parametrize("page", TWINS)
def test_our_own_rules_for_language_find_nothing_in_a_page(page: str, tmp_path: Path) -> None:
    (tmp_path / "items").mkdir()
    (tmp_path / "issue.toml").write_text(
        'title = "Sider"\ndate = "2024-02"\nlang = "nb"\npreheader = "Sider"\n', "utf-8"
    )
    item = '+++\ntitle = "Side"\ncontacts = ["kari@a.example"]\n+++\n\n' + "\n\n".join(prose(read(f"nb/{page}"))) + "\n"
    (tmp_path / "items" / "010-side.md").write_text(item, "utf-8")
    reading = read_issue(tmp_path, helsefellesskap=[], publisher="Helsedirektoratet")
    assert reading.issue is not None, reading.findings
    found = [*reading.findings, *lint(reading.issue, today=date(2024, 2, 5), sources=reading.sources)]
    assert [(each.rule, each.words, each.message) for each in found] == []


@pytest.mark.parametrize("page", TWINS)
def test_sentences_are_short(page: str) -> None:
    """Nineteen of twenty have at most twenty words."""
    sentences = [each for text in prose(read(f"nb/{page}")) for each in re.split(r"(?<=[.?!:]) (?=[A-ZÆØÅ«])", text)]
    long = [each for each in sentences if len(each.split()) > 20]
    assert len(long) <= len(sentences) / 20, long
