"""Tables of Exchange and Microsoft 365: message traces as CSV, and the message tracking log with its `#Fields:`."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailer.delivery.logs.lines import LONGEST_WORDS
from mailer.delivery.logs.model import News, Step

# What a trace says of a message that the service has, whatever it did with it.
_STATUSES = {
    "delivered",
    "failed",
    "pending",
    "expanded",
    "quarantined",
    "filteredasspam",
    "gettingstatus",
    "resolved",
}
# Events of the tracking log that only a message in its queue has. FAIL is not one: what is refused at the end of the
# data has it, too; nor are those of shadow copies (HA…), which are made before the answer.
_EVENTS = {
    "receive",
    "send",
    "sendexternal",
    "deliver",
    "defer",
    "expand",
    "transfer",
    "redirect",
    "resolve",
    "submit",
    "resubmit",
    "duplicatedeliver",
    "duplicateexpand",
    "process",
    "spam",
    "journal",
}
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "message_id": ("messageid", "internetmessageid"),
    "recipients": ("recipientaddress", "recipientaddresses", "recipient", "recipients"),
    "status": ("status", "deliverystatus", "eventid", "event"),
    "each": ("recipientstatus",),
    "at": (
        "received",
        "receiveddate",
        "datetime",
        "datetimeutc",
        "origintimestamputc",
        "origintimestamp",
        "dateutc",
        "date",
        "timestamp",
    ),
    "queue_id": ("networkmessageid", "messagetraceid", "internalmessageid"),
}
_FIELDS = re.compile(r"#fields:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a table that are read, by number, and what stands between them."""

    columns: Mapping[str, int]
    delimiter: str
    width: int


def parse_header(line: str) -> Header | None:
    """Return the header that a line is; None where it names no Message-ID and no recipient."""
    text = _FIELDS.sub("", line).strip()
    for delimiter in (",", ";", "\t"):
        names = [_bare(each) for each in split_row(text, delimiter) or ()]
        columns = {
            what: names.index(name)
            for what, known in _COLUMNS.items()
            for name in [next((each for each in known if each in names), "")]
            if name
        }
        if "message_id" in columns and ("recipients" in columns or "each" in columns):
            return Header(columns, delimiter, len(names))
    return None


def split_row(text: str, delimiter: str) -> list[str] | None:
    """Return the cells of a row; None for one that is garbled."""
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def is_comment(line: str) -> bool:
    """Return whether a line stands beside the table: `#Version:` and the like, and the `#TYPE` of PowerShell."""
    return line.startswith("#")


def parse_row(cells: Sequence[str], header: Header) -> tuple[News, ...] | None:
    """Return the news of a row, one for each of its recipients that has its own; None for a row of another width."""
    if len(cells) != header.width:
        return None
    of = {what: cells[number].strip() for what, number in header.columns.items()}
    message_id = of["message_id"].strip("<>").strip()
    if not message_id or message_id == "<>":
        return ()
    news = News(Step.NAMED, message_id=message_id, at=of.get("at", ""), queue_id=of.get("queue_id", ""))
    news = news._replace(queue=f"exchange {news.queue_id or message_id}")
    if "##" in of.get("each", ""):
        parts = [each.rpartition("##") for each in of["each"].split(";") if "##" in each]
        return tuple(_of_status(news, [to], status) for to, _, status in parts)
    recipients = re.split(r"[;,]", of.get("recipients", ""))
    return (_of_status(news, recipients, of.get("status", "")),)


def _of_status(news: News, recipients: Sequence[str], status: str) -> News:
    """Return the news with a status, which is one word, or several events with commas between them."""
    words = {_bare(each) for each in status.split(",")}
    step = Step.TAKEN if words & (_STATUSES | _EVENTS) else Step.NAMED
    to = tuple(dict.fromkeys(each.strip().strip("<>").casefold() for each in recipients if each.strip()))
    if not to:
        step = Step.NAMED  # for whom, the row does not say
    return news._replace(step=step, recipients=to, status=status.strip()[:LONGEST_WORDS])


def _bare(name: str) -> str:
    """Return a name as it is compared: small letters, without blanks, `-`, `_` and what stands in brackets."""
    return re.sub(r"[^a-z]", "", name.casefold())
