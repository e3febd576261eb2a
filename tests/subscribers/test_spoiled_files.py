"""Spoiled files: each is imported whole or refused with file and line; no traceback, and never a half import.

The normal run tries a few, .ci/run 500, and `poe soak` 10,000.
"""

import os
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.errors import MailerError
from mailer.subscribers.files.columns import RowDefaults
from mailer.subscribers.files.reading import RefusedRow, SubscriberRow, read_rows
from mailer.subscribers.imports.importing import ImportOptions, Outcome, import_files
from mailer.subscribers.model import Register
from mailer.subscribers.people.store import SubscriberStore

ROWS = [
    "epost;navn;liste;språk;rolle;organisasjon",
    "åse@kommune.example;Åse Ødegård;bergen;nn;kommune;Ås kommune",
    'per@kommune.example;"Per; ""Pelle"" Moe";oslo;nb;fastlege;',
    "ailu@kommune.example;Áilu;finnmark;se;;Guovdageaidnu",
    "kari@kommune.example;Kari Berg;agder;;helseforetak;Sørlandet",
]
ENCODINGS = ["utf-8", "utf-8-sig", "cp1252", "utf-16"]
BASIS = RowDefaults(basis="e: case 1")
MANY = 10_000 if os.environ.get("MAILER_TEST_SOAK") else 500

Spoil = Callable[[bytearray, random.Random], bytes]


def _flip(content: bytearray, chosen: random.Random) -> bytes:
    for _ in range(chosen.randrange(1, 6)):
        content[chosen.randrange(len(content))] = chosen.randrange(256)
    return bytes(content)


def _quote(content: bytearray, chosen: random.Random) -> bytes:
    at = chosen.randrange(len(content))
    return bytes(content[:at]) + b'"' * chosen.randrange(1, 4) + bytes(content[at:])


def _nul(content: bytearray, chosen: random.Random) -> bytes:
    at = chosen.randrange(len(content))
    return bytes(content[:at]) + b"\0" * chosen.randrange(1, 9) + bytes(content[at:])


def _mix(content: bytearray, chosen: random.Random) -> bytes:
    return bytes(content) + ROWS[1].encode(chosen.choice(ENCODINGS))


def _cut(content: bytearray, chosen: random.Random) -> bytes:
    return bytes(content[: chosen.randrange(len(content))])


def _big_cell(content: bytearray, chosen: random.Random) -> bytes:
    at = chosen.randrange(len(content))
    return bytes(content[:at]) + b"x" * chosen.choice([70_000, 140_000, 1_000_000]) + bytes(content[at:])


def _columns(content: bytearray, chosen: random.Random) -> bytes:
    at = chosen.randrange(len(content))
    return bytes(content[:at]) + b";x" * chosen.choice([5, 99, 500]) + bytes(content[at:])


def _shuffle(content: bytearray, chosen: random.Random) -> bytes:
    parts = bytes(content).split(b";")
    chosen.shuffle(parts)
    return b";".join(parts)


SPOILS: list[Spoil] = [_flip, _quote, _nul, _mix, _cut, _big_cell, _columns, _shuffle]


def _spoiled(chosen: random.Random) -> bytes:
    rows = [ROWS[0], *chosen.sample(ROWS[1:], k=chosen.randrange(1, 5))]
    encoding = chosen.choice(ENCODINGS)
    text = chosen.choice(["\r\n", "\n"]).join(rows).replace("Áilu", "Ailu" if encoding == "cp1252" else "Áilu")
    content = text.encode(encoding)
    for _ in range(chosen.randrange(1, 3)):
        content = chosen.choice(SPOILS)(bytearray(content or b"x"), chosen)
    return content


def _try(store: SubscriberStore, register: Register, file: Path, seed: int) -> None:
    """Read it; and import it when reading finds no fault, or to see that it is refused whole."""
    file.write_bytes(_spoiled(random.Random(seed)))
    before = {each.address for each in store.find("")}
    try:
        report = import_files(store, register, [file], options=ImportOptions(defaults=BASIS))
    except MailerError as refused:
        assert re.match(re.escape(str(file)) + r"(:\d+)?$", refused.where), (seed, refused)  # noqa: PT017 one of two
        assert {each.address for each in store.find("")} == before, seed
        return
    assert report.applied == (report.counts[Outcome.INVALID] == 0), seed
    assert all(each.line >= 2 and each.reason for each in report.lines if each.outcome is Outcome.INVALID), seed
    after = {each.address for each in store.find("")}
    assert report.applied or after == before, seed


def test_a_spoiled_file_is_imported_whole_or_refused_with_its_line(
    sqlite_store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    for seed in range(40):
        _try(sqlite_store, register, tmp_path / "people.csv", seed)


@pytest.mark.slow
def test_many_spoiled_files_are_imported_whole_or_refused_with_their_line(
    sqlite_store: SubscriberStore, register: Register, tmp_path: Path
) -> None:
    for seed in range(1_000, 1_000 + MANY):
        _try(sqlite_store, register, tmp_path / "people.csv", seed)


ALPHABETS = {
    "norwegian": "Åse Ødegård Æra",
    "sami": "Áilu Čáhci Đorvi Ŋávdi Šaldi Ŧuor Žuoga",
    "accents": "José Müller Çelik",
    "plain": "Ola Nordmann",
}


MARKED = {"marked UTF-16, little end first": "utf-16-le", "marked UTF-16, big end first": "utf-16-be"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16-le", "utf-16-be", *MARKED])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_letters_come_out_right_or_the_file_cannot_be_saved_so_at_all(
    register: Register, tmp_path: Path, encoding: str, delimiter: str, alphabet: str
) -> None:
    rows = [("e-post", "namn", "liste"), ("a@x.example", ALPHABETS[alphabet], "oslo")]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    try:
        content = ("\ufeff" * (encoding in MARKED) + text).encode(MARKED.get(encoding, encoding))
    except UnicodeEncodeError:
        assert (encoding, alphabet) == ("cp1252", "sami")
        return
    file = tmp_path / "people.csv"
    file.write_bytes(content)
    (row,) = read_rows(file, register, defaults=BASIS)
    assert isinstance(row, SubscriberRow)
    assert row.name == ALPHABETS[alphabet]


@pytest.mark.parametrize("mixed", [0, 1, 2])
def test_a_file_of_two_encodings_is_refused_and_never_garbled(register: Register, tmp_path: Path, mixed: int) -> None:
    rows = ["epost;navn;liste", "a@x.example;Åse Ødegård;oslo", "b@x.example;Bjørn Næss;oslo"]
    encodings = ["utf-8", "cp1252", "utf-8", "cp1252"][mixed : mixed + 2]
    body = b"\n".join(row.encode(each) for row, each in zip(rows[1:], encodings, strict=False))
    file = tmp_path / "people.csv"
    file.write_bytes(rows[0].encode() + b"\n" + body)
    with pytest.raises(MailerError, match="mixture"):
        list(read_rows(file, register, defaults=BASIS))


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ａｓｅ@kommune.example", "full-width"),
        ('"åse berg"@kommune.example', "Quoting"),
        ("åse@kommune.invalid", "special-use or reserved name"),
        ("åse@[192.0.2.1]", "bracketed IP address"),
        ("å" * 40 + "@kommune.example", "too long"),
    ],
)
def test_addresses_that_nobody_can_be_reached_at_are_refused_with_the_reason(
    register: Register, tmp_path: Path, address: str, reason: str
) -> None:
    file = tmp_path / "people.csv"
    escaped = address.replace('"', '""')
    file.write_text(f'epost;liste\n"{escaped}";oslo\n', encoding="utf-8")
    (row,) = read_rows(file, register, defaults=BASIS)
    assert isinstance(row, RefusedRow)
    assert reason in row.reason
