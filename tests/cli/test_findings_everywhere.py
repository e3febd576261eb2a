"""What is found when an issue is composed is said wherever findings are: no front end has findings of its own.

As JSON an error is said by `json_errors`.
"""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow

from mailer.bootstrap import build_services
from mailer.issue.catalogue import OF_COMPOSING
from mailer.preview.choice import PreviewChoice
from mailer.preview.latest import Latest
from mailer.preview.page import Page, page_html

Run = Callable[..., Any]
SLUG = "2024-01"

LONG = "Her er en setning som fyller. " * 4_000
FOOTER = '<h6>Ut av rekkefølge</h6><img src="cid:x"><p style="display:flex">Flytende</p>'
SLIPS = """\
Les mer [her](http://a.example/) og på [https://a.example/x](https://a.example/x), mandag 30.04.22 ,eller [her](http://a.example/).

Dei vil vil møtast  i Bodø (helse - og omsorg) og «ikke| "no" for å snakke saman om Helsefellesskap no og seinare

<!-- check off: bare-ulr, x -->
Vi møtes i Oslo no igjen. Vi møtes i Oslo no seinare. Det er ikke noe nytt med rapporten, og den kan vises her.
"""
CANNOT_BE_SEEN_TOGETHER = {"composing", "slots", "contrast"}
"""The first two stop composing, and the workspace refuses colours that cannot be read before anything else."""
OF_OTHER_PICTURES_AND_DATES = {"picture-animated", "picture-colours", "picture-height", "unlisted-date"}
"""Those of pictures that can be read, and of a list of dates that was written: their own tests show them."""


def spoil(workspace: Path) -> None:
    """Have every rule about the composed mail and the PDF find something, but those that stop everything."""
    issue = workspace / "issues" / SLUG
    frame = issue / "issue.toml"
    frame.write_text(f'subject = "{"helse" * 20}"\n{frame.read_text("utf-8")}', encoding="utf-8")
    (issue / "images").mkdir()
    (issue / "images" / "kart.png").write_bytes(b"no picture")
    facts = 'dates = [{ kind = "deadline", date = 2024-03-01 }]\ncontacts = ["kari@ks.example"]\n'
    leads = 'title = "Ingress"\ncontacts = ["kari@ks.example"]\nlong_items = "lead"\n'
    (issue / "items" / "030-ingress.md").write_text(
        f"+++\n{leads}+++\n{LONG[:300]}\n\n{LONG[:3000]}\n", encoding="utf-8"
    )
    text = f"+++\ntitle = 'Lang sak 中'\n{facts}+++\n![Kart](images/kart.png)\n\n{LONG}\n"
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
    """The page of the live preview, in the language of the interface."""
    with closing(build_services(workspace / "config.toml", environ={}, announce=lambda _: None)) as services:
        look = Latest(services, SLUG, today=date.today).look(PreviewChoice())
        address: Callable[[PreviewChoice], str] = lambda _: ""  # noqa: E731 -- a name for the type
        page = Page(
            slug=SLUG,
            choice=PreviewChoice(),
            look=look,
            shown=look.view,
            page_of=address,
            frame_of=address,
            is_live=True,
        )
        return unescape(page_html(services, page))


@pytest.mark.slow
def test_every_rule_about_what_is_composed_is_told_by_every_front_end(
    workspace: Path, mailer: Run, tmp_path: Path
) -> None:
    spoil(workspace)
    checked = json.loads(mailer("check", SLUG, "--json").out)["findings"]
    told = [each for each in checked if each["rule"] in OF_COMPOSING]
    assert {each["rule"] for each in told} == OF_COMPOSING - CANNOT_BE_SEEN_TOGETHER - OF_OTHER_PICTURES_AND_DATES

    shown, composed = mailer("check", SLUG), mailer("compose", SLUG, "--json")
    assert (composed.code, json.loads(composed.out)["findings"]) == (1, checked)
    live = preview_page(workspace)
    page = (Path(__file__).parents[2] / "docs" / "reference" / "checks.md").read_text("utf-8")
    for each in told:
        assert f"| `{each['rule']}` | {each['severity']} |" in page
        assert each["message"].rstrip(".") in " ".join(shown.out.split())
        assert each["message"].rstrip(".") in live
    assert shown.code == mailer("check", SLUG, "--json").code == 1, "a picture that is none is an error"

    summary = shown.out.strip().split("\n")[-1]
    assert summary == mailer("send", SLUG, "--dry-run").out.split("Findings")[1].split("\n")[0].strip()

    # What is composed and shown to others is so only when there is no error.
    Pillow.new("RGB", (60, 30), "blue").save(workspace / "issues" / SLUG / "images" / "kart.png")
    told = [each for each in told if each["rule"] != "picture"]
    shown, composed = mailer("check", SLUG), mailer("compose", SLUG)
    assert mailer("preview", SLUG, "-o", tmp_path / "approval").code == 0
    approval = unescape((tmp_path / "approval" / "index.html").read_text("utf-8"))
    for each in told:
        assert each["message"].rstrip(".") in " ".join(composed.out.split())
        assert each["message"].rstrip(".") in approval
    assert shown.out.strip().split("\n")[-1] in composed.err + composed.out


def test_a_picture_that_cannot_be_shown_stops_whatever_shows_the_issue_to_others(
    workspace: Path, mailer: Run, tmp_path: Path
) -> None:
    """At the line that uses it, which is what an editor can change; `send` has a switch of its own for errors."""
    issue = workspace / "issues" / SLUG
    item = issue / "items" / "010-agder.md"
    good = item.read_text("utf-8")
    (issue / "images").mkdir()
    picture = issue / "images" / "kart.png"
    Pillow.new("RGB", (60, 30), "blue").save(picture)
    picture.write_bytes(picture.read_bytes()[:60])
    in_facts = good.replace("\n+++\nVi", '\nimage = { file = "kart.png", alt = "x" }\n+++\nVi')
    in_text = f"{good}\n![Et kart](images/kart.png)\n"
    for text, place in ((in_facts, [6, 19]), (in_text, [9, 19])):
        assert text != good
        item.write_text(text, "utf-8")
        (error,) = [each for each in json.loads(mailer("check", SLUG, "--json").out)["findings"] if each["line"]]
        assert (error["rule"], error["severity"]) == ("picture", "error")
        assert (error["file"], [error["line"], error["column"]]) == ("items/010-agder.md", place)
        commands = (("compose", SLUG), ("preview", SLUG, "-o", tmp_path / "a"))
        for command in (*commands, ("test-send", SLUG, "--to", "redaksjon@nyhetsbrev.example")):
            refused = mailer(*command)
            assert refused.code == 1
            assert f"items/010-agder.md:{place[0]}: the picture images/kart.png is damaged" in refused.err
    assert not (workspace / "build" / SLUG).exists()


def test_with_json_an_error_is_json_too(workspace: Path, mailer: Run) -> None:
    """With the exit code, and the words on standard error, that it has without."""
    item = workspace / "issues" / SLUG / "items" / "010-agder.md"
    item.write_text(item.read_text("utf-8").replace("title", "titel"), "utf-8")
    checked, composed = mailer("check", SLUG, "--json"), mailer("compose", SLUG, "--json")
    assert checked.code == composed.code == 1
    assert {"unknown-key"} <= {each["rule"] for each in composed.json["findings"]}
    assert composed.json["findings"] == checked.json["findings"]
    assert "titel" in composed.json["error"]["what"]
    assert composed.err == mailer("compose", SLUG).err
    for command in (("check", "2024-09"), ("lists", "--history"), ("config", "show"), ("status", SLUG), ("log",)):
        if command[-1] != "2024-09":
            (workspace / "config.toml").write_text("[newsletter\n", "utf-8")
        told, shown = mailer(*command, "--json"), mailer(*command)
        assert told.code == shown.code != 0
        assert told.json["error"]["what"] in " ".join(shown.err.split())
        assert told.json["error"]["where"] in " ".join(shown.err.split())
        assert told.err == shown.err


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
    item.write_text(good + "\nHer er en rev: 文.\n", encoding="utf-8")
    assert mailer("check", SLUG).code == 0
    strict = mailer("check", SLUG, "--strict")
    assert (strict.code, strict.out.strip().split("\n")[-1]) == (1, "0 errors, 1 warning, 1 note")
    assert "items/010-agder.md 9:16 the PDF's fonts have no sign for 文" in strict.out
    item.write_text(good + "\n<!-- check off: missing-glyph, reven er vår -->\nHer er en rev: 文.\n", encoding="utf-8")
    assert mailer("check", SLUG, "--strict").code == 0


@pytest.mark.parametrize("lang", ["nb", pytest.param("nn", marks=pytest.mark.slow)])
def test_nothing_of_what_is_found_is_said_in_english_to_a_norwegian_editor(
    lang: str, workspace: Path, mailer: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(workspace)
    item = workspace / "issues" / SLUG / "items" / "030-slurv.md"
    facts = "title = 'Slurv'\nlang = 'nn'\ndates = [{ date = 2023-02-01, kind = 'deadline' }]"
    item.write_text(f"+++\n{facts}\n+++\n{SLIPS}\n", encoding="utf-8")
    findings = mailer("check", SLUG, "--json").json["findings"]
    english = {
        each[part]
        for each in findings
        for part in ("message", "why", "fix")
        if each.get("id", "").startswith("findings.")
    }
    assert len({each["rule"] for each in findings}) > 20
    monkeypatch.setenv("MAILER_INTERFACE__LANG", lang)
    told = mailer("check", SLUG).out + mailer("compose", SLUG).out
    assert [each for each in english if each in told] == []
