"""Quoted-printable (RFC 2045 §6.7) in pieces that can be joined: lines of at most 76, none beginning with a dot.

Stricter than the standard asks: a dot or `From ` at the beginning of a line is encoded, so that nothing on the way
needs to change the body (dot-stuffing, mbox files) and a DKIM signature keeps holding.
"""

import re

SOFT_BREAK = "=\r\n"
LINE_LENGTH = 75  # and one more for the "=" of a soft break

# Printable ASCII but "=", and the white space that needs care only at the end of a line.
_PLAIN = frozenset(b"\t " + bytes(range(33, 127))) - frozenset(b"=")
_UNITS = tuple(chr(byte) if byte in _PLAIN else f"={byte:02X}" for byte in range(256))
_NEEDS_NOTHING = re.compile(rf"[A-Za-z0-9:/@_+-][A-Za-z0-9:/@._~+-]{{0,{LINE_LENGTH - 1}}}")


def encode_text(text: str) -> str:
    """Encode text that is followed by a line end. Line ends in it become CRLF."""
    hard_lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\r\n".join(_encode_line(line) for line in hard_lines)


def encode_before_slot(text: str) -> str:
    """Encode text that is followed by a slot: the slot begins on a line of its own, without a line end before it."""
    *hard_lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    encoded = "".join(_encode_line(line) + "\r\n" for line in hard_lines)
    return encoded + (SOFT_BREAK.join([*_pieces(_units(rest)), ""]) if rest else "")


def encode_value(value: str) -> str:
    """Encode the value of a slot, on lines of its own that end in soft breaks."""
    if _NEEDS_NOTHING.fullmatch(value):
        return value + SOFT_BREAK
    return encode_before_slot(value)


def _units(line: str) -> str:
    return "".join([_UNITS[byte] for byte in line.encode()])


def _encode_line(line: str) -> str:
    units = _units(line)
    if units.endswith((" ", "\t")):
        units = f"{units[:-1]}={ord(units[-1]):02X}"
    return SOFT_BREAK.join(_pieces(units))


def _pieces(units: str) -> list[str]:
    """Cut into lines, never inside `=XX`; an empty text is one empty line."""
    pieces, at = [], 0
    while True:
        start = _start(units, at)
        cut = at + LINE_LENGTH - (2 if start else 0)
        if cut < len(units):
            cut -= 1 if units[cut - 1] == "=" else 2 if units[cut - 2] == "=" else 0
        pieces.append(start + units[at + bool(start) : cut])
        if cut >= len(units):
            return pieces
        at = cut


def _start(units: str, at: int) -> str:
    """Return what to write for the first character of a line, where it must not stand as it is."""
    if units.startswith(".", at):
        return "=2E"
    return "=46" if units.startswith("From ", at) else ""
