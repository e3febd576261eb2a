"""What is found when an issue is composed is said wherever findings are: no front end has findings of its own."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from mailer.bootstrap import build_services
from mailer.issue.catalogue import OF_COMPOSING
from mailer.preview.choice import Choice
from mailer.preview.latest import Latest
from mailer.preview.page import Page, page_html

Run = Callable[..., Any]
SLUG = "2024-01"

LONG = "Her er en setning som fyller. " * 4_000
FOOTER = '<h6>Ut av rekkefølge</h6><img src="cid:x"><p style="display:flex">Flytende</p>'
CANNOT_BE_SEEN_TOGETHER = {"composing", "slots", "contrast"}
"""The first two stop composing, and the workspace refuses colours that cannot be read before anything else."""


def spoil(workspace: Path) -> None:
    """Have every rule about the composed mail and the PDF find something, but those that stop everything."""
    issue = workspace / "issues" / SLUG
    frame = issue / "issue.toml"
    frame.write_text(frame.read_text("utf-8").replace("helsefellesskap", "helse" * 20, 1), encoding="utf-8")
    (issue / "images").mkdir()
    (issue / "images" / "kart.png").write_bytes(b"no picture")
    facts = 'dates = [{ kind = "deadline", date = 2024-03-01 }]\ncontacts = ["kari@ks.example"]\n'
    text = f"+++\ntitle = 'Lang sak 🦌'\n{facts}+++\n![Kart](images/kart.png)\n\n{LONG}\n"
    (issue / "items" / "020-lang.md").write_text(text, encoding="utf-8")
    for name, old, new in (
        ("issue.mjml.j2", '<mjml lang="{{ issue.lang }}">', "<mjml>"),
        ("components/footer.mjml.j2", '<p class="foot-p"><strong>', f'{FOOTER}<p class="foot-p"><strong>'),
    ):
        template = workspace / "templates" / "email" / name
        template.parent.mkdir(parents=True, exist_ok=True)
        shipped = (Path(__file__).parents[2] / "templates" / "email" / name).read_text("utf-8")
        assert old in shipped
        template.write_text(shipped.replace(old, new), encoding="utf-8")


def preview_page(workspace: Path) -> str:
    """The page of the live preview."""
    with closing(build_services(workspace / "config.toml", environ={}, announce=lambda _: None)) as services:
        look = Latest(services, SLUG, today=date.today).look(Choice())
        address: Callable[[Choice], str] = lambda _: ""  # noqa: E731 -- a name for the type
        page = Page(
            slug=SLUG,
            choice=Choice(),
            look=look,
            shown=look.view,
            page_of=address,
            frame_of=address,
            is_live=True,
        )
        return unescape(page_html(services, page))


def test_every_rule_about_what_is_composed_is_told_by_every_front_end(
    workspace: Path, mailer: Run, tmp_path: Path
) -> None:
    spoil(workspace)
    checked = json.loads(mailer("check", SLUG, "--json").out)["findings"]
    told = [each for each in checked if each["rule"] in OF_COMPOSING]
    assert {each["rule"] for each in told} == OF_COMPOSING - CANNOT_BE_SEEN_TOGETHER

    shown, composed = mailer("check", SLUG), mailer("compose", SLUG)
    assert json.loads(mailer("compose", SLUG, "--json").out)["findings"] == checked
    assert mailer("preview", SLUG, "-o", tmp_path / "approval").code == 0
    approval = unescape((tmp_path / "approval" / "index.html").read_text("utf-8"))
    live = preview_page(workspace)
    page = (Path(__file__).parents[2] / "docs" / "reference" / "checks.md").read_text("utf-8")
    for each in told:
        assert f"| `{each['rule']}` | {each['severity']} |" in page
        for lines in (shown.out, composed.out):
            assert each["message"].rstrip(".") in " ".join(lines.split())
        for html in (approval, live):
            assert each["message"].rstrip(".") in html

    summary = shown.out.strip().split("\n")[-1]
    assert summary in composed.err + composed.out
    assert summary == mailer("send", SLUG, "--dry-run").out.split("Findings")[1].split("\n")[0].strip()
    assert shown.code == mailer("check", SLUG, "--json").code == 1, "a picture that is none is an error"


@pytest.mark.parametrize("token", ["slot9x7q4name4q7x9", "{% if %}"], ids=["slots", "composing"])
def test_what_stops_composing_is_told_by_every_front_end(
    token: str, workspace: Path, mailer: Run, tmp_path: Path
) -> None:
    footer = workspace / "templates" / "email" / "components" / "footer.mjml.j2"
    footer.parent.mkdir(parents=True)
    shipped = Path(__file__).parents[2] / "templates" / "email" / "components" / "footer.mjml.j2"
    footer.write_text(shipped.read_text("utf-8") + token, encoding="utf-8")
    result = mailer("check", SLUG, "--json")
    (error,) = [each for each in json.loads(result.out)["findings"] if each["severity"] == "error"]
    assert (result.code, error["rule"]) == (1, "composing")
    words = error["message"].rstrip(".")
    assert words in " ".join(mailer("check", SLUG).out.split())
    for command in (("compose", SLUG), ("compose", SLUG, "--json"), ("preview", SLUG, "-o", tmp_path / "a")):
        refused = mailer(*command)
        assert refused.code == 1
        assert words in " ".join(refused.err.split())
    assert words in preview_page(workspace)


def test_colours_that_cannot_be_read_are_refused_by_every_command(workspace: Path, mailer: Run, tmp_path: Path) -> None:
    config = workspace / "config.toml"
    text = config.read_text("utf-8")
    config.write_text(text.replace("[theme.light]", '[theme.light]\nmuted = "#AAAAAA"', 1), encoding="utf-8")
    for command in (("check", SLUG), ("compose", SLUG), ("preview", SLUG, "-o", tmp_path / "a")):
        refused = mailer(*command)
        assert refused.code != 0
        assert "contrast" in refused.err


def test_a_finding_about_the_pdf_is_answered_and_counted_like_any_other(workspace: Path, mailer: Run) -> None:
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    good = item.read_text("utf-8")
    mailer("check", SLUG)
    assert mailer("check", SLUG, "--strict").code == 0
    item.write_text(good + "\nHer er en rev: 🦊.\n", encoding="utf-8")
    assert mailer("check", SLUG).code == 0
    strict = mailer("check", SLUG, "--strict")
    assert (strict.code, strict.out.strip().split("\n")[-1]) == (1, "0 errors, 1 warning, 1 note")
    assert "    9:16   warning" in strict.out
    item.write_text(good + "\n<!-- check off: missing-glyph, reven er vår -->\nHer er en rev: 🦊.\n", encoding="utf-8")
    assert mailer("check", SLUG, "--strict").code == 0
