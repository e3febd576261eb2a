import shutil
from pathlib import Path

import pytest

from mailer.errors import MailerError
from mailer.rendering.templates import Templates, shipped_templates


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    return Templates([tmp_path])


def test_the_templates_that_come_with_mailer_are_found() -> None:
    assert (shipped_templates() / "email" / "issue.mjml.j2").is_file()


def test_a_workspace_s_template_goes_before_the_one_that_comes_with_mailer(
    templates: Templates, tmp_path: Path
) -> None:
    assert "<mjml" in templates.path("email/issue.mjml.j2").read_text("utf-8")
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "issue.mjml.j2").write_text("mine", "utf-8")
    assert templates.render("email/issue.mjml.j2") == "mine"
    assert templates.path("email/issue.mjml.j2") == tmp_path / "email" / "issue.mjml.j2"


def test_the_shipped_folder_given_as_workspace_is_looked_at_once() -> None:
    assert Templates([shipped_templates()]).folders == (shipped_templates(),)


@pytest.mark.parametrize("name", ["x.mjml.j2", "x.html.j2", "x.svg"])
def test_markup_is_escaped(templates: Templates, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{{ words }}", "utf-8")
    assert templates.render(name, words="<b>&") == "&lt;b&gt;&amp;"


@pytest.mark.parametrize("name", ["x.txt.j2", "x.css.j2"])
def test_plain_text_is_not_escaped(templates: Templates, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{{ words }}", "utf-8")
    assert templates.render(name, words="<b>&") == "<b>&"


def test_a_missing_template_is_named(templates: Templates, tmp_path: Path) -> None:
    with pytest.raises(MailerError, match=r"no\.txt\.j2 is missing"):
        templates.render("no.txt.j2")
    with pytest.raises(MailerError, match=r"no\.ttf is missing") as caught:
        templates.path("no.ttf")
    assert str(tmp_path) in caught.value.hint


def test_a_template_that_includes_a_missing_one_names_it(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "x.txt.j2").write_text("{% include 'gone.txt.j2' %}", "utf-8")
    with pytest.raises(MailerError, match=r"gone\.txt\.j2 is missing"):
        templates.render("x.txt.j2")


def test_a_fault_in_the_writing_of_a_template_has_file_and_line(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "x.txt.j2").write_text("one\n{% if %}\n", "utf-8")
    with pytest.raises(MailerError, match="cannot be read") as caught:
        templates.render("x.txt.j2")
    assert caught.value.where == f"{tmp_path / 'x.txt.j2'}:2"


def test_an_unknown_name_in_a_template_has_file_and_line(templates: Templates, tmp_path: Path) -> None:
    (tmp_path / "part.txt.j2").write_text("one\ntwo {{ isue.title }}\n", "utf-8")
    (tmp_path / "x.txt.j2").write_text("{% include 'part.txt.j2' %}", "utf-8")
    with pytest.raises(MailerError, match=r"isue.* is undefined") as caught:
        templates.render("x.txt.j2")
    assert caught.value.where == f"{tmp_path / 'part.txt.j2'}:2"


def test_copies_of_the_shipped_templates_are_no_templates_of_one_s_own(templates: Templates, tmp_path: Path) -> None:
    assert not templates.is_overridden("email")
    shutil.copytree(shipped_templates() / "email", tmp_path / "email")
    assert not templates.is_overridden("email")
    (tmp_path / "email" / "mine.mjml.j2").write_text("<p>", "utf-8")
    assert templates.is_overridden("email")
    assert not templates.is_overridden("web")
