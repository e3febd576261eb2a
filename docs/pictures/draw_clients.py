"""Draws what real programs show of the mails, and prints scores of spam filters.

Run by hand: `python docs/pictures/draw_clients.py [PART ...] [--keep FOLDER]`, the folder for whole screens to look at.
Mails are files here: nothing is sent. Programs that are not installed are named and their part is left out; in Debian
(`apt-get install --no-install-recommends`) they are:

xvfb with thunderbird, with claws-mail and claws-mail-litehtml-viewer, with xterm, w3m, lynx, less;
chromium, php-cli, php-xml, php-mbstring, php-masterminds-html5 and roundcube-core, which may just be unpacked
(ROUNDCUBE is its place); spamassassin; rspamd.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from draw import REPOSITORY, picture_of, save
from draw_faults import save as save_webp
from PIL import Image, ImageGrab
from playwright.sync_api import sync_playwright

from mailer.bootstrap import Services, build_services
from mailer.issue.model import Issue
from mailer.issue.source import read_issue
from mailer.usecases.desk import shown_message
from mailer.usecases.reading import read

HERE = Path(__file__).resolve().parent
ROUNDCUBE = Path(os.environ.get("ROUNDCUBE", "/usr/share/roundcube"))
SIZE = (1000, 1000)
# Which of a program's pictures are shown, and what part of them.
SHOWN = {
    "thunderbird": ((0, 1), (0, 0, 860, 700)),
    "claws": ((0, 2), (64, 64, 1000, 760)),
    "roundcube": ((0, 2), (120, 0, 880, 700)),
    "terminals": ((0, 1, 2), (0, 0, 565, 600)),
}
LONGEST = 150
DARK = "ui.systemUsesDarkTheme"
NOTE = """\
kind = "note"
date = 2023-12-18
lang = "nb"
title = "Ny frist for tilskudd til FACT-team"
intro = \"\"\"
I desember skrev vi at fristen er 14. desember. Det rette er **15. januar 2024**. Vi beklager feilen.

Søknaden sendes gjennom [Helsedirektoratets sider om tilskudd](https://www.helsedirektoratet.no/tilskudd).
\"\"\"
contact = "redaksjon@nyhetsbrev.example"
"""
Mails = Mapping[str, bytes]


class MissingError(Exception):
    """A program that is not installed."""


def need(*programs: str) -> None:
    missing = [each for each in programs if not shutil.which(each, path=f"{os.environ['PATH']}:/usr/sbin")]
    if missing:
        raise MissingError(f"not installed: {', '.join(missing)}")


def write_mails(services: Services, folder: Path) -> dict[str, bytes]:
    """Both newsletters and a short letter, as they would go over the wire."""
    (folder / "2023-12-b").mkdir()
    (folder / "2023-12-b" / "issue.toml").write_text(NOTE, "utf-8")
    known = [each.slug for each in services.register.helsefellesskap]
    note = read_issue(folder / "2023-12-b", helsefellesskap=known, publisher="Helsedirektoratet")
    issues = {
        "december": (read(services, "2023-12").issue, ["vest-viken"]),
        "february": (read(services, "2022-02").issue, ["more-og-romsdal"]),
        "note": (note.issue, []),
        "short": (without_introduction(services), ["vest-viken"]),
    }
    return {name: mail_of(services, issue, own) for name, (issue, own) in issues.items() if issue}


def without_introduction(services: Services) -> Issue:
    """The December newsletter with the reader's own block right below its head."""
    december = read(services, "2023-12").issue
    assert december is not None
    return replace(december, intro=(), reader_note="")


def mail_of(services: Services, issue: Issue, own: Sequence[str]) -> bytes:
    composed = services.composer.compose(issue, services.composer.variant_key(issue, own, lang=issue.lang))
    return shown_message(services, composed, slug=issue.slug)


def part_of(mail: bytes, kind: str) -> str:
    message = message_from_bytes(mail, policy=default)
    assert isinstance(message, EmailMessage)
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


@contextmanager
def screen() -> Iterator[dict[str, str]]:
    """An empty screen without a window manager; gives the environment for programs on it."""
    need("Xvfb")
    with ExitStack() as stack:
        reading, writing = os.pipe()
        sizes = "x".join(map(str, (*SIZE, 24)))
        server = ["Xvfb", "-displayfd", str(writing), "-screen", "0", sizes, "-nolisten", "tcp"]
        stack.enter_context(running(server, os.environ, pass_fds=(writing,)))
        display = f":{os.read(reading, 8).decode().strip()}"
        environment = {**os.environ, "DISPLAY": display, "LANG": "C.UTF-8", "GTK_THEME": "Adwaita", "NO_AT_BRIDGE": "1"}
        yield environment


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str], pass_fds: Sequence[int] = ()) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=dict(environment), pass_fds=pass_fds, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def grabbed(environment: Mapping[str, str], *, still: int = 6) -> Image.Image:
    """Wait until a program shows something that has not changed for some seconds, and take a picture of it."""
    seen, since, began = None, time.monotonic(), time.monotonic()
    while time.monotonic() - began < LONGEST:
        taken = ImageGrab.grab(xdisplay=environment["DISPLAY"]).convert("RGB")
        if taken != seen:
            seen, since = taken, time.monotonic()
        elif len(taken.getcolors(SIZE[0] * SIZE[1]) or ()) > 1 and time.monotonic() - since > still:
            break
        time.sleep(1)
    return taken


def draw_thunderbird(mails: Mails, folder: Path) -> list[Image.Image]:
    need("thunderbird")
    (folder / "profile").mkdir()
    settings = {
        "mail.accountmanager.accounts": '"account1"',
        "mail.accountmanager.localfoldersserver": '"server1"',
        "mail.account.account1.server": '"server1"',
        "mail.server.server1.hostname": '"Local Folders"',
        "mail.server.server1.name": '"Local Folders"',
        "mail.server.server1.type": '"none"',
        "mail.server.server1.userName": '"nobody"',
        "mail.provider.suppress_dialog_on_startup": "true",
        "mail.spotlight.firstRunDone": "true",
        "mail.shell.checkDefaultClient": "false",
        "mailnews.start_page.enabled": "false",
        "datareporting.policy.dataSubmissionPolicyBypassNotification": "true",
        "datareporting.healthreport.uploadEnabled": "false",
        "app.donation.eoy.version.viewed": "999",
        "app.update.enabled": "false",
        "network.proxy.type": "1",
        "network.proxy.http": '"127.0.0.1"',
        "network.proxy.http_port": "9",
        "network.proxy.ssl": '"127.0.0.1"',
        "network.proxy.ssl_port": "9",
        "font.name.serif.x-western": '"Charis SIL"',
        "font.name.sans-serif.x-western": '"Open Sans"',
    }
    drawn = []
    shown = [("december", 0), ("december", 1), ("february", 0), ("note", 0), ("short", 1)]
    for name, is_dark in shown:
        lines = [f'user_pref("{key}", {value});' for key, value in (settings | {DARK: str(is_dark)}).items()]
        (folder / "profile" / "user.js").write_text("\n".join(lines))
        (folder / f"{name}.eml").write_bytes(mails[name])
        command = ["thunderbird", "--no-remote", "--profile", str(folder / "profile"), str(folder / f"{name}.eml")]
        with screen() as environment, running(command, environment | {"HOME": str(folder)}):
            drawn.append(grabbed(environment, still=30))
    save_webp("thunderbird", drawn[-1].crop((80, 190, 800, 880)))
    return drawn


def draw_claws(mails: Mails, folder: Path) -> list[Image.Image]:
    need("claws-mail")
    plugin = next(Path("/usr/lib").glob("*/claws-mail/plugins/litehtml_viewer.so"), None)
    if plugin is None:
        raise MissingError("not installed: claws-mail-litehtml-viewer")
    inbox = folder / "Mail" / "inbox"
    for name in ("inbox", "sent", "draft", "queue", "trash"):
        (folder / "Mail" / name).mkdir(parents=True)
    for number, mail in enumerate(mails.values(), 1):
        (inbox / str(number)).write_bytes(mail)
    settings = folder / ".claws-mail"
    settings.mkdir()
    (settings / "clawsrc").write_text(
        f"[Common]\nconfig_version=4\nmime_textview=1\npromote_html_part=1\nwork_offline=1\nnever_send_retrcpt=1\n"
        f"folderview_width=1\nsummaryview_height=90\nmainwin_width={SIZE[0]}\nmainwin_height={SIZE[1]}\n"
        f"check_on_startup=0\nopen_unread_on_enter=1\nask_on_cleanup=0\nconfirm_on_exit=0\nwarn_queued_on_exit=0\n"
        f"[Plugins_GTK3]\n{plugin}\n[LitehtmlViewer]\nenable_remote_content=0\n"
    )
    (settings / "accountrc").write_text(
        "[Account: 1]\naccount_name=kari\nis_default=1\nname=Kari\naddress=kari.nordmann@kommune.example\n"
        "protocol=5\nuse_tls=0\n"
    )
    (settings / "folderlist.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n<folderlist><folder type="mh" name="Mail" path="Mail" account_id="0">'
        '<folderitem type="inbox" name="inbox" path="inbox"/><folderitem type="outbox" name="sent" path="sent"/>'
        '<folderitem type="draft" name="draft" path="draft"/><folderitem type="queue" name="queue" path="queue"/>'
        '<folderitem type="trash" name="trash" path="trash"/></folder></folderlist>\n'
    )
    drawn = []
    for number, _ in enumerate(mails, 1):
        command = ["claws-mail", "--alternate-config-dir", str(settings), "--select", f"#mh/Mail/inbox/{number}"]
        with screen() as environment, running(command, environment | {"HOME": str(folder)}):
            drawn.append(grabbed(environment, still=10))
    return drawn


def draw_roundcube(mails: Mails, folder: Path) -> list[Image.Image]:
    need("php", "chromium")
    if not ROUNDCUBE.is_dir():
        raise MissingError("not installed: roundcube-core")
    drawn = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, mail in mails.items():
            command = ["php", str(HERE / "roundcube.php"), str(ROUNDCUBE)]
            shown = subprocess.run(command, input=part_of(mail, "html").encode(), check=True, capture_output=True)
            (folder / f"{name}.html").write_bytes(shown.stdout)
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
            page.goto((folder / f"{name}.html").as_uri())
            drawn.append(picture_of(page.screenshot()))
        browser.close()
    return drawn


def draw_terminals(mails: Mails, folder: Path) -> list[Image.Image]:
    need("xterm", "w3m", "lynx", "less")
    mail = mails["december"]
    (folder / "mail.html").write_text(part_of(mail, "html"), "utf-8")
    (folder / "mail.txt").write_text(part_of(mail, "plain"), "utf-8")
    drawn = []
    page, text = str(folder / "mail.html"), str(folder / "mail.txt")
    lynx = ["lynx", "-display_charset=utf-8", "-assume_charset=utf-8", page]
    terminal = ["xterm", "-fa", "DejaVu Sans Mono:pixelsize=12", "-geometry", "80x60+0+0", "-e"]
    for program in (["w3m", page], lynx, ["less", text]):
        with screen() as environment, running([*terminal, *program], environment | {"HOME": str(folder)}):
            drawn.append(grabbed(environment))
    return drawn


def score_spamassassin(mails: Mails, folder: Path) -> list[Image.Image]:
    need("spamassassin")
    for name, mail in mails.items():
        command = ["spamassassin", "--local", "--test-mode"]
        environment = {**os.environ, "HOME": str(folder)}
        said = subprocess.run(command, input=mail, check=True, capture_output=True, env=environment).stdout
        print(name, said.decode("utf-8", "replace").rpartition("Content analysis details:")[2], sep="\n")
    return []


def wait_for_answer(port: int) -> None:
    began = time.monotonic()
    while time.monotonic() - began < LONGEST:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        time.sleep(1)


def score_rspamd(mails: Mails, folder: Path) -> list[Image.Image]:
    """Ask a filter of our own, once it has read its rules and answers."""
    need("rspamd", "rspamc")
    with running(["rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd"], os.environ):
        wait_for_answer(11334)
        for name, mail in mails.items():
            (folder / f"{name}.eml").write_bytes(mail)
            print(name)
            subprocess.run(["rspamc", "-h", "127.0.0.1:11334", "symbols", str(folder / f"{name}.eml")], check=True)
    return []


def main() -> None:
    parts: dict[str, Callable[[Mails, Path], list[Image.Image]]] = {
        "thunderbird": draw_thunderbird,
        "claws": draw_claws,
        "roundcube": draw_roundcube,
        "terminals": draw_terminals,
        "spamassassin": score_spamassassin,
        "rspamd": score_rspamd,
    }
    parser = ArgumentParser()
    parser.add_argument("parts", nargs="*", default=list(parts))
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        services = build_services(REPOSITORY / "config.toml")
        mails = write_mails(services, Path(scratch))
        for name in given.parts:
            folder = Path(scratch) / name
            folder.mkdir()
            try:
                drawn = parts[name](mails, folder)
            except MissingError as missing:
                print(f"{name}: {missing}")
                continue
            for number, each in enumerate(drawn, 1):
                if given.keep:
                    each.save(given.keep / f"{name}-{number}.png")
            if drawn:
                chosen, part = SHOWN[name]
                save(f"looks/{name}", *(drawn[number].crop(part) for number in chosen), colours=32)


if __name__ == "__main__":
    main()
