"""The real newsletter through real Postfix to real Dovecot, read back over IMAP: what was sent is what arrived."""

import imaplib
import json
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path
from select import select as select_ready
from typing import Any

import pytest
from sqlalchemy import select

from mailer.bootstrap import build_services
from mailer.database.tables import delivery, subscriber
from mailer.delivery.model import ClaimedDelivery
from mailer.delivery.personalising import Personaliser, read_variants
from mailer.message.envelope import Envelope
from mailer.subscribers.imports.importing import ImportOptions, import_files
from mailer.transport.base import Ready, Reply
from mailer.transport.eml_files import without_stuffed_dots
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport
from mailer.transport.waiting import run_to_end
from mailer.usecases.carrying_on import carry_on
from mailer.usecases.sending import begin, granted, propose

PEOPLE = 12
MAXIMUM_SIZE = 400_000
SLUG = "2023-12"  # of the office
LISTS = ("agder", "oslo")

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
relay_domains = mottaker.example
transport_maps = inline:{{ mottaker.example=lmtp:inet:127.0.0.1:{lmtp} }}
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_forbid_bare_newline = reject
smtpd_forbid_bare_newline_exclusions =
message_size_limit = {size}
mailbox_size_limit = 0
smtputf8_enable = no
maillog_file_prefixes = {folder}
maillog_file = {folder}/log
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%n
first_valid_uid = 1
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n allow_all_users=yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
"""


@dataclass(frozen=True)
class MailHost:
    """A relay and the mailboxes behind it."""

    smtp: int
    imap: int
    log: Path

    def read(self, user: str) -> bytes:
        """The only message in a mailbox, as soon as it has come."""
        for _ in range(240):
            with imaplib.IMAP4("127.0.0.1", self.imap) as box:
                box.login(f"{user}@mottaker.example", "x")
                state, found = box.select()  # NO while the mailbox is just being made
                if state == "OK" and found != [b"0"]:
                    assert found == [b"1"], f"{user} has received {found!r}"
                    _, fetched = box.fetch("1", "(RFC822)")
                    assert isinstance(fetched[0], tuple)
                    return fetched[0][1]
            time.sleep(0.25)
        pytest.fail(f"nothing came for {user}; the relay says: {self.log.read_text()[-2000:]}")


def free_port() -> int:
    """One below those that the system gives away: no other program's connection takes it before the server does."""
    for port in random.sample(range(20_000, 32_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    pytest.fail("no port is free")


def wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    pytest.fail("the server did not start")


@pytest.fixture(scope="module")
def mail_host() -> Iterator[MailHost]:
    """In a folder of its own: every run of pytest shuts the folder above `tmp_path` to other users when it begins."""
    postfix, dovecot = (shutil.which(each, path="/usr/sbin:/usr/bin") for each in ("postfix", "dovecot"))
    daemons = next((each for each in ("/usr/lib/postfix/sbin", "/usr/libexec/postfix") if Path(each).is_dir()), "")
    if not (postfix and dovecot and daemons) or os.geteuid() != 0:
        pytest.skip("Postfix and Dovecot are not both installed, or this is not root")
    folder = Path(tempfile.mkdtemp(prefix="mailer-mail-"))
    folder.chmod(0o755)  # their servers run as users of their own
    smtp, lmtp, imap = free_port(), free_port(), free_port()
    (folder / "etc").mkdir()
    for name in ("relay", "boxes"):
        (folder / name).mkdir(mode=0o755)
    for name in ("spool", "data"):
        (folder / "relay" / name).mkdir()
    shutil.chown(folder / "relay" / "data", "postfix")
    values = {"folder": folder / "relay", "daemons": daemons, "lmtp": lmtp, "size": MAXIMUM_SIZE}
    (folder / "etc" / "main.cf").write_text(_MAIN.format(**values))
    (folder / "etc" / "master.cf").write_text(_MASTER.format(port=smtp))
    owner = pwd.getpwnam("nobody")
    (folder / "boxes" / "mail").mkdir()
    shutil.chown(folder / "boxes" / "mail", "nobody", owner.pw_gid)
    boxes = {"folder": folder / "boxes", "uid": owner.pw_uid, "gid": owner.pw_gid, "imap": imap, "lmtp": lmtp}
    (folder / "etc" / "dovecot.conf").write_text(_DOVECOT.format(**boxes))
    delivering = subprocess.Popen([dovecot, "-F", "-c", str(folder / "etc" / "dovecot.conf")])
    started = subprocess.run([postfix, "-c", str(folder / "etc"), "start"], check=False, capture_output=True, text=True)
    try:
        assert started.returncode == 0, started.stderr
        wait_for(smtp)
        wait_for(imap)
        yield MailHost(smtp, imap, folder / "relay" / "log")
    finally:
        subprocess.run([postfix, "-c", str(folder / "etc"), "stop"], check=False, capture_output=True)
        delivering.terminate()
        delivering.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_the_real_newsletter_arrives_as_it_was_sent(
    mail_host: MailHost, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mailer.usecases.creation import init_workspace

    folder = tmp_path / "workspace"
    init_workspace(folder)
    shutil.copytree(repository / "issues" / "2023-12", folder / "issues" / "2023-12")
    lines = [
        f"leser{each}@mottaker.example;Kari Nr {each};{LISTS[each % 2]};nb;kommune;e: samhandling"
        for each in range(PEOPLE)
    ]
    people = folder / "subscribers" / "people.csv"
    people.write_text("\n".join(["epost;navn;liste;språk;rolle;grunnlag", *lines]), encoding="utf-8-sig")
    monkeypatch.setenv("MAILER_SMTP__PORT", str(mail_host.smtp))
    services = build_services(folder / "config.toml", announce=lambda _: None)
    assert import_files(services.subscribers, services.register, [people], options=ImportOptions()).applied
    proposal = granted(propose(services, "2023-12", lists=LISTS, today=date(2023, 12, 1)))
    begun = granted(begin(services, proposal, confirm=PEOPLE, allow_untested=True))
    ended = granted(carry_on(services, begun.mailing))
    assert ended.counts.accepted == PEOPLE, ended.note
    variants = read_variants(services.ledger.variants(begun.mailing))
    planned_at = services.ledger.mailing(begun.mailing).created_at
    with services.database.reading() as connection:
        rows = connection.execute(select(delivery)).all()
        recorded_at = {each.id: each.created_at for each in connection.execute(select(subscriber))}
    for row in rows:
        arrived = mail_host.read(row.recipient.partition("@")[0])
        sent_at = parsedate_to_datetime(message_from_bytes(arrived)["Date"])
        claimed = ClaimedDelivery(
            id=row.id,
            mailing_id=row.mailing_id,
            subscriber_id=row.subscriber_id,
            variant_id=row.variant_id,
            recipient=row.recipient,
            recorded_at=recorded_at[row.subscriber_id],
        )
        personalise = Personaliser(
            variants,
            planned_at=planned_at,
            keys=services.keys,
            clock=lambda at=sent_at: at,  # type: ignore[misc] # bound now
        )
        sent = personalise(claimed)
        trace, _, content = arrived.partition(b"\r\n" + without_stuffed_dots(sent.payload)[:40])
        assert content, "what arrived does not hold what was sent"
        assert arrived.endswith(without_stuffed_dots(sent.payload))
        assert trace.startswith(f"Return-Path: <{sent.envelope.return_path}>".encode())
    services.close()


def session_to(mail_host: MailHost) -> Any:
    return SmtpTransport(SmtpOptions(host="127.0.0.1", port=mail_host.smtp, security=Security.NONE)).connect()


HEADERS = b"From: r@nyhetsbrev.example\r\nSubject: Prikker\r\nMessage-ID: <1@nyhetsbrev.example>\r\n"
HEADERS += b"Date: Fri, 01 Dec 2023 09:00:00 +0100\r\nTo: prikker@mottaker.example\r\n\r\n"


@pytest.mark.slow
def test_dots_at_the_beginning_of_lines_arrive_as_they_were_written(mail_host: MailHost) -> None:
    session = session_to(mail_host)
    body = b"..\r\n...\r\n..en prikk foran\r\nmidt. i\r\n...\r\n\r\n"
    assert isinstance(run_to_end(session.begin(Envelope("r@nyhetsbrev.example", "prikker@mottaker.example"))), Ready)
    assert run_to_end(session.stream(HEADERS + body)) is None
    answer = run_to_end(session.finish())
    assert isinstance(answer, Reply)
    assert answer.is_accepted
    run_to_end(session.close())
    assert mail_host.read("prikker").endswith(b"\r\n\r\n" + without_stuffed_dots(body))


@pytest.mark.slow
def test_a_message_over_the_size_limit_and_an_address_beyond_ascii_are_not_offered(mail_host: MailHost) -> None:
    session = session_to(mail_host)
    large = run_to_end(session.begin(Envelope("r@nyhetsbrev.example", "stor@mottaker.example", size=MAXIMUM_SIZE + 1)))
    assert (large.code, large.enhanced, large.is_local) == (552, "5.3.4", True)
    unusual = run_to_end(session.begin(Envelope("r@nyhetsbrev.example", "bjørn@mottaker.example")))
    assert (unusual.code, unusual.enhanced, unusual.is_local) == (553, "5.6.7", True)
    assert isinstance(run_to_end(session.begin(Envelope("r@nyhetsbrev.example", "igjen@mottaker.example"))), Ready)
    session.withdraw()


@pytest.mark.slow
def test_a_bare_line_feed_is_what_this_relay_refuses(mail_host: MailHost) -> None:
    """So that what arrived above is known to have had none."""
    session = session_to(mail_host)
    assert isinstance(run_to_end(session.begin(Envelope("r@nyhetsbrev.example", "bar@mottaker.example"))), Ready)
    answer = run_to_end(session.stream(HEADERS + b"bare\nline feed\r\n")) or run_to_end(session.finish())
    assert (answer.code, answer.is_permanent) == (521, True) or answer.code == 550
    run_to_end(session.close())


class KillingProxy(threading.Thread):
    """Passes on what a sender and the relay say until a final dot, and kills the sender then; it may keep the dot."""

    def __init__(self, relay: int, *, keeps_dot: bool) -> None:
        super().__init__(daemon=True)
        self.relay, self.keeps_dot = relay, keeps_dot
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.victim: Any = None

    def run(self) -> None:
        sender, _ = self.listener.accept()
        with self.listener, sender, socket.create_connection(("127.0.0.1", self.relay)) as relay:
            said = b""
            while True:
                ready, _, _ = select_ready([sender, relay], [], [])
                if relay in ready:
                    sender.sendall(relay.recv(65536))
                if sender in ready:
                    said = said[-8:] + (heard := sender.recv(65536))
                    dot = said.partition(b"\r\n.\r\n")[1]
                    if dot:
                        relay.sendall(b"" if self.keeps_dot else heard)  # the dot comes after the body, by itself
                        self.victim.kill()
                        relay.recv(65536) if not self.keeps_dot else None  # the relay's answer, which nobody hears
                        return
                    relay.sendall(heard)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("keeps_dot", [False, True], ids=["the dot arrives", "the dot is lost"])
def test_what_a_crash_left_in_doubt_is_settled_by_the_log_of_postfix(
    mail_host: MailHost, office: Any, *, keeps_dot: bool
) -> None:
    """With the dot lost, Postfix has read the Message-ID all the same; it queued nothing, and nothing is settled."""
    office.plan(3)
    office.connections = 1
    proxy = KillingProxy(mail_host.smtp, keeps_dot=keeps_dot)
    office.port = proxy.port
    proxy.victim = office.start()
    proxy.start()
    proxy.victim.communicate(timeout=60)
    proxy.join(timeout=60)
    office.ledger.recover()
    [address] = office.by_status()["in_doubt"]
    if not keeps_dot:
        mail_host.read(address.partition("@")[0])
    else:
        time.sleep(1)  # until Postfix has written that the connection is lost
    resolve = ("resolve", SLUG, "--by-log", str(mail_host.log), "--confirm", "0" if keeps_dot else "1", "--json")
    settled = subprocess.run(
        [sys.executable, "-m", "mailer", *resolve],
        cwd=office.folder,
        env=os.environ | {"MAILER_DATABASE__URL": office.url},
        check=False,
        capture_output=True,
        text=True,
    )
    assert settled.returncode == keeps_dot, settled.stderr
    told = json.loads(settled.stdout)
    [delivery] = told["deliveries"]
    assert (told["settled"], delivery["finding"]) == ((0, "not_queued") if keeps_dot else (1, "taken"))
    assert told["logs"][0]["garbled"] == 0
    if not keeps_dot:
        assert delivery["evidence"]["status"] == "sent"
        assert office.by_status()["accepted"] == {address}
