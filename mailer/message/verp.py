"""Return paths that name their delivery (VERP), signed so that they cannot be invented."""

import base64
import re
from dataclasses import dataclass

from mailer.keys import KeyRing
from mailer.rfc5321 import MAXIMUM_LOCAL_PART

PURPOSE = "return-path"
MAC_BYTES = 10
TAG = re.compile(r"(?P<delivery>[1-9][0-9]{0,18})\.(?P<mailing>[1-9][0-9]{0,18})\.(?P<mac>[a-z2-7]{16})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPath:
    """The delivery that a return path was made for."""

    mailing_id: int
    delivery_id: int


def make_return_path(keys: KeyRing, *, base: str, mailing_id: int, delivery_id: int) -> str:
    """Return `local+<delivery>.<mailing>.<mac>@domain` for the base `local@domain`."""
    local, _, domain = base.rpartition("@")
    mac = keys.sign(PURPOSE, domain.lower(), str(mailing_id), str(delivery_id), size=MAC_BYTES)
    tagged = f"{local}+{delivery_id}.{mailing_id}.{base64.b32encode(mac).decode().lower()}"
    if len(tagged) > MAXIMUM_LOCAL_PART:
        raise ValueError("the local part of the return path is too long (RFC 5321 §4.5.3.1.1)")
    return f"{tagged}@{domain}"


def parse_return_path(keys: KeyRing, address: str, *, base: str) -> ReturnPath | None:
    """Return the delivery that this return path was made for; None when it is forged or made elsewhere.

    Servers on the way may change upper and lower case (RFC 5321 §2.4 forbids it; some do).
    """
    local, _, domain = base.lower().rpartition("@")
    head, _, rest = address.lower().partition("+")
    tag, _, host = rest.rpartition("@")
    found = TAG.fullmatch(tag)
    if not found or (head, host) != (local, domain):
        return None
    mac = base64.b32decode(found["mac"].upper())
    if not keys.verify(mac, PURPOSE, domain, found["mailing"], found["delivery"], size=MAC_BYTES):
        return None
    return ReturnPath(mailing_id=int(found["mailing"]), delivery_id=int(found["delivery"]))
