import shutil
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailer.transport.catcher import CatchingServer

SLUG = "2023-12"

Run = Callable[..., Any]


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with CatchingServer(tmp_path / "inbox") as server:
        monkeypatch.setenv("MAILER_SMTP__PORT", str(server.address[1]))
        yield server


def read_mails(inbox: CatchingServer) -> dict[str, EmailMessage]:
    """The kept mails by recipient."""
    mails = {}
    for file in (inbox.folder / "new").iterdir():
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        mails[mail["Delivered-To"]] = mail
    return mails


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_the_whole_job_from_an_empty_folder_to_a_second_send(
    inbox: CatchingServer, mailer: Run, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert mailer("init", "brev").code == 0
    monkeypatch.chdir(tmp_path / "brev")
    made = mailer("new", "2024-02")
    assert made.code == 0
    assert "mailer check 2024-02" in made.out
    checked = mailer("check", "2024-02")
    assert checked.code == 0
    assert "this is still the example" in checked.out
    composed = mailer("compose", "2024-02", "--json").json
    assert {Path(each["file"]).name for each in composed["files"]} == {
        "issue.html",
        "issue.txt",
        "issue.mjml",
        "issue.eml",
        "issue.pdf",
        "web.html",
    }
    people = [str(repository / "subscribers" / f"example-{each}.csv") for each in ("agder", "finnmark")]
    assert mailer("subscribers", "import", *people).code == 0
    assert mailer("test-send", "2024-02", "--to", "redaksjon@nyhetsbrev.example").code == 0
    plan = mailer("send", "2024-02", "--dry-run", "--json").json
    assert plan["recipients"] >= 24
    refused = mailer("send", "2024-02", "--confirm", plan["recipients"])
    assert refused.code == 1
    assert "this is still the example" in refused.out
    item = tmp_path / "brev" / "issues" / "2024-02" / "items" / "010-eksempel.md"
    item.write_text('+++\ntitle = "Møte i Bodø"\n+++\nVi møtes i Bodø.\n', encoding="utf-8")
    assert mailer("test-send", "2024-02", "--to", "redaksjon@nyhetsbrev.example").code == 0
    assert mailer("send", "2024-02", "--confirm", plan["recipients"]).code == 0
    assert "adds up" in mailer("status", "2024-02").out
    assert len(read_mails(inbox)) == plan["recipients"] + 1
    again = mailer("send", "2024-02")
    assert again.code == 1
    assert "everybody on these lists has it already" in again.err


def send_to_six(workspace: Path, mailer: Run) -> None:
    file = workspace / "subscribers" / "more.csv"
    file.write_text(
        "e-post;liste;språk;grunnlag\n"
        "drammen@vv.example;vest-viken;nb;e: sak 24/1\nalta@finnmark.example;finnmark;nn;e: sak 24/1\n",
        encoding="cp1252",
    )
    assert mailer("subscribers", "import", file).code == 0
    assert mailer("send", SLUG, "--untested", "--confirm", "6").code == 0


def test_each_mail_is_its_own_readers_and_can_be_left_with_one_click(
    catcher: CatchingServer, workspace: Path, mailer: Run
) -> None:
    send_to_six(workspace, mailer)
    sent = read_mails(catcher)
    show_their_own_values(sent)
    can_be_left(sent)
    begin_with_their_own_helsefellesskap(sent)


def show_their_own_values(sent: dict[str, EmailMessage]) -> None:
    assert len(sent) == 6
    for address, mail in sent.items():
        assert [each.get_content_type() for each in mail.iter_parts()] == ["text/plain", "text/html"]
        assert mail["To"] == address
        assert mail["Subject"] == "Desember 2023: Saman i dialog i nord · Etablering av FACT-team"
        text, html = part(mail, "plain"), part(mail, "html")
        assert address in text
        assert address in html
        assert not [other for other in sent if other != address and other in text + html]
        assert "slot.invalid" not in mail.as_string()
        assert "<!DOCTYPE html>" in html
    assert len({mail["Message-ID"] for mail in sent.values()}) == 6
    assert len({mail["Return-Path"] for mail in sent.values()}) == 6


def can_be_left(sent: dict[str, EmailMessage]) -> None:
    ways = set()
    for mail in sent.values():
        ways.add(mail["List-Unsubscribe"])
        assert mail["List-Unsubscribe"].startswith("<https://nyhetsbrev.example/")
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "<helsefellesskap.nyhetsbrev.example>" in mail["List-Id"]
        token = mail["List-Unsubscribe"].strip("<>").rpartition("/")[2]
        assert token in part(mail, "plain")
        assert token in part(mail, "html")
    assert len(ways) == 6


def begin_with_their_own_helsefellesskap(sent: dict[str, EmailMessage]) -> None:
    own = {address: part(mail, "plain").split("Ditt helsefellesskap: ")[1:] for address, mail in sent.items()}
    assert [each.split()[0] for each in own["aase@oslo.example"]] == ["Oslo"]
    assert [each.split()[0] for each in own["drammen@vv.example"]] == ["Vest-Viken"]
    assert own["kari@agder.example"] == []


def test_compose_writes_the_variant_of_a_list_where_it_is_told(workspace: Path, mailer: Run, tmp_path: Path) -> None:
    for name, options in {"plain": [], "oslo": ["--list", "oslo", "--lang", "en"]}.items():
        result = mailer("compose", SLUG, "-o", tmp_path / name, *options)
        assert result.code == 0
        assert f"mailer check {SLUG}" in result.out
        assert "issue.pdf" in result.out
    plain, oslo = ((tmp_path / name / "issue.html").read_text("utf-8") for name in ("plain", "oslo"))
    assert plain != oslo
    assert "Unsubscribe" in oslo
    assert (tmp_path / "oslo" / "issue.pdf").read_bytes().startswith(b"%PDF")
    assert not (workspace / "build").exists()


def test_the_next_issue_follows_the_one_named(workspace: Path, mailer: Run) -> None:
    assert mailer("new", "2024-03", "--from", "2022-02").code == 0
    assert "Nyhetsbrev" in (workspace / "issues" / "2024-03" / "issue.toml").read_text("utf-8")
    again = mailer("new", "2024-03")
    assert again.code == 1
    assert "already an issue" in again.err
    shutil.rmtree(workspace / "issues" / "2024-03")
