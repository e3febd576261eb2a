"""Return paths that name their delivery (VERP), signed so that they cannot be invented."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailer.keys import KeyRing
from mailer.message.identity import name_delivery
from mailer.rfc5321 import MAXIMUM_LOCAL_PART

PURPOSE = "return-path"
MAC_BYTES = 10
TAG = re.compile(r"(?P<delivery>[1-9][0-9]{0,18})\.(?P<mailing>[1-9][0-9]{0,18})\.(?P<mac>[a-z2-7]{16})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPath:
    """The delivery that a return path was made for."""

    mailing_id: int
    delivery_id: int


def make_return_path(
    keys: KeyRing, *, base: str, mailing_id: int, delivery_id: int, planned_at: datetime | None
) -> str:
    """Return `local+<delivery>.<mailing>.<mac>@domain` for the base `local@domain`.

    The moment at which the mailing was planned is signed, and stands in the database only: the local part is short.
    """
    local, _, domain = base.rpartition("@")
    name = name_delivery(mailing_id=mailing_id, delivery_id=delivery_id, planned_at=planned_at)
    mac = keys.sign(PURPOSE, domain.lower(), *name, size=MAC_BYTES)
    tagged = f"{local}+{delivery_id}.{mailing_id}.{base64.b32encode(mac).decode().lower()}"
    if len(tagged) > MAXIMUM_LOCAL_PART:
        raise ValueError("the local part of the return path is too long (RFC 5321 §4.5.3.1.1)")
    return f"{tagged}@{domain}"


def parse_return_path(
    keys: KeyRing, address: str, *, base: str, planned_at: Callable[[int], datetime | None]
) -> ReturnPath | None:
    """Return the delivery that this return path was made for; None when it is forged or made elsewhere.

    `planned_at` gives the moment that was signed with the numbers of a mailing: another one is of a mailing that had
    them before an older backup was put back.

    Servers on the way may change upper and lower case (RFC 5321 §2.4 forbids it; some do).
    """
    local, _, domain = base.lower().rpartition("@")
    head, _, rest = address.lower().partition("+")
    tag, _, host = rest.rpartition("@")
    found = TAG.fullmatch(tag)
    if not found or (head, host) != (local, domain):
        return None
    mailing_id, delivery_id = int(found["mailing"]), int(found["delivery"])
    name = name_delivery(mailing_id=mailing_id, delivery_id=delivery_id, planned_at=planned_at(mailing_id))
    mac = base64.b32decode(found["mac"].upper())
    if not keys.verify(mac, PURPOSE, domain, *name, size=MAC_BYTES):
        return None
    return ReturnPath(mailing_id=mailing_id, delivery_id=delivery_id)
