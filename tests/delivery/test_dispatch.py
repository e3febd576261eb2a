"""The send loop against servers that take, refuse, defer and break."""

from collections import Counter

from mailer.delivery.dispatch import EndReason
from mailer.transport.catcher import CatchingServer
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport


def test_everybody_gets_one_message_and_the_equation_adds_up(plan, dispatcher, catcher: CatchingServer, ledger):
    mailing_id = plan(50)
    host, port = catcher.address
    transport = SmtpTransport(SmtpOptions(host=host, port=port, security=Security.NONE))
    ended = dispatcher(transport).run(mailing_id)
    assert ended.reason is EndReason.FINISHED
    assert ended.counts.accepted == 50
    assert ended.counts.adds_up
    received = Counter(
        path.read_bytes().split(b"Delivered-To: ")[1].split(b"\r\n")[0] for path in (catcher.folder / "new").iterdir()
    )
    assert len(received) == 50
    assert set(received.values()) == {1}
    assert ledger.mailing(mailing_id).state == "finished"
