"""Logging in (RFC 4954): a secret follows a 334 only, and nothing follows a refusal."""

import binascii
import hmac
import smtplib
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence

from mailer.catalogue import msg
from mailer.transport.censoring import Censor
from mailer.transport.replies import BoundedReplies, UnreadableReply

MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5")

_GOES_ON = 334
_LET_IN = 235
_UNKNOWN_MECHANISM = 504

Respond = Callable[[bytes], bytes]
"""From the server's words to what is answered, before base64."""


def log_in(smtp: BoundedReplies, *, username: str, password: str) -> bool:
    """Log in with the first way that both sides know; false when there is none.

    Another way is tried only when the server says 504, since many servers lock an account after a few wrong
    passwords. Raises `SMTPAuthenticationError` with the server's own words (without the password, should it repeat
    that), and `OSError` where the connection breaks or the answer makes no sense.
    """
    censor = smtp.replies.censor
    censor.hide(password.encode())
    offered = smtp.esmtp_features.get("auth", "").upper().split()
    refusal: tuple[int, bytes] | None = None
    ways = _ways(username.encode(), password.encode(), censor)
    for name in [each for each in MECHANISMS if each in offered]:
        code, words = _exchange(smtp, name, ways[name])
        if code == _LET_IN:
            return True
        refusal = (code, words)
        if code != _UNKNOWN_MECHANISM:
            break
    if refusal is not None:
        raise smtplib.SMTPAuthenticationError(*refusal)
    return False


def _ways(username: bytes, password: bytes, censor: Censor) -> dict[str, Sequence[Respond]]:
    """Yield each mechanism with the answers to the server's challenges, in turn."""

    def both(_: bytes) -> bytes:
        response = b"\0" + username + b"\0" + password
        censor.hide(response, is_bare=False)
        return response

    def digest(challenge: bytes) -> bytes:
        proof = hmac.new(password, _decoded(challenge), "md5").hexdigest().encode()
        censor.hide(proof)
        censor.hide(username + b" " + proof, is_bare=False)
        return username + b" " + proof

    return {
        "PLAIN": [both],  # RFC 4616
        "LOGIN": [lambda _: username, lambda _: password],
        "CRAM-MD5": [digest],  # RFC 2195
    }


def _exchange(smtp: BoundedReplies, name: str, responses: Sequence[Respond]) -> tuple[int, bytes]:
    """Carry one mechanism out until the server lets us in or refuses."""
    left = list(responses)
    # What needs no challenge goes out with the command (RFC 4954 §4).
    first = [_encoded(left.pop(0)(b""))] if name == "PLAIN" else []
    code, words = smtp.docmd("AUTH", " ".join([name, *first]))
    while left and code == _GOES_ON:
        code, words = smtp.docmd(_encoded(left.pop(0)(words)))
    is_let_in = code == _LET_IN and not left
    if not (is_let_in or 400 <= code < 600):
        raise UnreadableReply(msg("sending.login-nonsense", code=str(code)))
    return code, words


def _encoded(response: bytes) -> str:
    return b64encode(response).decode("ascii")


def _decoded(challenge: bytes) -> bytes:
    try:
        return b64decode(challenge)
    except binascii.Error as error:
        raise UnreadableReply(msg("sending.challenge-damaged")) from error
