"""Begin a mailing that is not finished: `python tests/data/begun/begin.py sqlite:////tmp/begun.sqlite3`."""

import sys
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from mailer.database.engine import open_database
from mailer.database.tables import list_, subscriber, subscription
from mailer.delivery.ledger import Ledger
from mailer.delivery.model import Attempt, DeliveryStatus, MailingDraft, PlannedDelivery
from mailer.message.compiled import CompiledMessage

NOW = datetime(2023, 12, 1, 8, 0, tzinfo=UTC)
PEOPLE = {each: f"p{each}@mottaker.example" for each in range(1, 7)}
ANSWERS = {
    1: (DeliveryStatus.ACCEPTED, "250 2.0.0 taken"),
    2: (DeliveryStatus.ACCEPTED, "250 2.0.0 taken"),
    3: (DeliveryStatus.ACCEPTED, "250 2.0.0 taken"),
    4: (DeliveryStatus.IN_DOUBT, "the server closed the connection"),
    5: (DeliveryStatus.DEFERRED, "451 4.3.0 later"),
}
COMPILED = CompiledMessage(
    segments=(
        b"Subject: Nyhetsbrev\r\nTo: ",
        b"\r\nDate: ",
        b"\r\nMessage-ID: ",
        b"\r\nList-Unsubscribe: <",
        b">\r\n\r\nHei ",
        b"\r\n",
    ),
    places=("to", "date", "message_id", "one_click", "text.email"),
    base_url="https://nyhetsbrev.example",
    return_path="retur@nyhetsbrev.example",
    verp=True,
    domain="nyhetsbrev.example",
)


def main(url: str) -> None:
    """Plan, and send to five of the six."""
    database = open_database(url, upgrade=True)
    with database.writing() as connection:
        names = {"name_nb": "t", "name_nn": "t", "short": "t"}
        values = {"slug": "oslo", "kind": "own", "position": 1, "created_at": NOW, **names}
        list_id = connection.execute(insert(list_).values(values).returning(list_.c.id)).scalar_one()
        for number, address in PEOPLE.items():
            values = {"id": number, "address": address, "address_as_given": address, "lang": "nb", "created_at": NOW}
            connection.execute(insert(subscriber).values(values))
            on_list = {"subscriber_id": number, "list_id": list_id, "status": "active", "since": NOW}
            connection.execute(insert(subscription).values(on_list))
    ledger = Ledger(database, clock=lambda: NOW)
    draft = MailingDraft(slug="2023-12", content_hash="c" * 64, subject="Nyhetsbrev", lists=("oslo",))
    with ledger.open_plan(draft) as writer:
        writer.add_variant("nb:", COMPILED.to_bytes())
        writer.add(
            [
                PlannedDelivery(
                    subscriber_id=number, address=address, recipient=address, lists=("oslo",), variant="nb:"
                )
                for number, address in PEOPLE.items()
            ]
        )
    with ledger.start_run(writer.mailing_id) as run:
        claimed = run.claim(len(ANSWERS))
        run.marks([each.id for each in claimed])
        for each in claimed:
            status, reply = ANSWERS[each.id]
            due_at = NOW + timedelta(minutes=5) if status is DeliveryStatus.DEFERRED else None
            run.record(Attempt(delivery=each, status=status, reply=reply, due_at=due_at))
    database.close()


if __name__ == "__main__":
    main(sys.argv[1])
