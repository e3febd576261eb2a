"""A sender as a process of its own, to be killed: sends one mailing of a database to a server on loopback."""

import sys

from mailer.database.engine import open_database
from mailer.delivery.dispatch import Dispatcher
from mailer.delivery.ledger import Ledger
from mailer.delivery.options import DispatchOptions
from mailer.keys import KeyRing
from mailer.transport.smtp import Security, SmtpOptions, SmtpTransport


def main(url: str, mailing_id: int, port: int) -> None:
    database = open_database(url)
    transport = SmtpTransport(SmtpOptions(host="127.0.0.1", port=port, security=Security.NONE))
    dispatcher = Dispatcher(
        Ledger(database), transport, keys=KeyRing((b"k" * 32,)), options=DispatchOptions(connections=4)
    )
    ended = dispatcher.run(mailing_id)
    database.close()
    sys.exit(ended.exit_code)
