"""A PDF as others read it: its words on the page, its bookmarks, and what a screen reader says of it."""

import html
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_ELEMENT = re.compile(r"[A-Z]\w*\d?(?= |:|$)")
_BOX = re.compile(r'<word xMin="(.*?)" yMin="(.*?)" xMax="(.*?)" yMax="(.*?)">(.*?)</word>')
_SPOKEN = {"BlockQuote": "quote", "Figure": "picture", "Table": "table", "Lbl": "mark"}
_LINES = ("P", "TD", "TH", "Caption")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word on a page, with its box in points from the top left."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(slots=True)
class _Tag:
    name: str
    depth: int
    parts: list["_Tag | str"] = field(default_factory=list)

    @property
    def tags(self) -> list["_Tag"]:
        return [each for each in self.parts if isinstance(each, _Tag)]

    @property
    def words(self) -> str:
        return "".join(each if isinstance(each, str) else each.said for each in self.parts)

    @property
    def said(self) -> str:
        return f"[{self.words}]" if self.name == "Link" else self.words


def run_poppler(tool: str, pdf: bytes, folder: Path, *options: str) -> str:
    """Return what a program of Poppler prints of a PDF."""
    program = shutil.which(tool)
    if program is None:
        pytest.skip(f"no {tool} (poppler-utils)")
    (folder / "x.pdf").write_bytes(pdf)
    target = [] if tool == "pdfinfo" else ["-"]
    command = [program, *options, "-enc", "UTF-8", "x.pdf", *target]
    printed = subprocess.run(command, cwd=folder, capture_output=True, check=True, env=dict(os.environ)).stdout
    return printed.decode("utf-8", "replace")


def words_by_page(pdf: bytes, folder: Path) -> list[list[Word]]:
    """Return the words of each page with their places, in the order they are heard."""
    boxes = run_poppler("pdftotext", pdf, folder, "-bbox")
    return [[_word(*box) for box in _BOX.findall(page)] for page in boxes.split("<page ")[1:]]


def _word(left: str, top: str, right: str, bottom: str, text: str) -> Word:
    return Word(text=html.unescape(text), left=float(left), top=float(top), right=float(right), bottom=float(bottom))


def bookmarks_of(pdf: bytes, folder: Path) -> list[str]:
    """Return the titles of the bookmarks, in their order."""
    printed = run_poppler("pdftohtml", pdf, folder, "-xml", "-i", "-stdout")
    return re.findall(r'<item page="\d+">(.*?)</item>', printed)


def heard(pdf: bytes, folder: Path) -> str:
    """Return what a screen reader says, a line for each paragraph: its kind where it has one, links in brackets."""
    return "".join(f"{line}\n" for line in _speak(_tree(run_poppler("pdfinfo", pdf, folder, "-struct-text"))))


def _tree(printed: str) -> _Tag:
    root = _Tag("", -1)
    open_tags = [root]
    for line in printed.splitlines():
        depth = len(line) - len(line.lstrip())
        text = line.strip()
        while open_tags[-1].depth >= depth:
            open_tags.pop()
        if text.startswith('"'):
            open_tags[-1].parts.append("" if text == '"-"' else text[1:-1])  # a hyphen between lines is no word
        elif (name := _ELEMENT.match(text)) and name[0] != "Object":
            tag = _Tag(name[0], depth)
            open_tags[-1].parts.append(tag)
            open_tags.append(tag)
    return root


def _speak(tag: _Tag, indent: str = "") -> Iterator[str]:
    if re.fullmatch(r"H[1-6]", tag.name):
        yield f"{indent}heading {tag.name[1]}: {tag.words}"
    elif tag.name in _LINES:
        yield indent + tag.words
    elif tag.name == "TR":
        yield indent + " | ".join(f"<{each.words}>" if each.name == "TH" else each.words for each in tag.tags)
    elif tag.name == "L":
        yield f"{indent}list of {len(tag.tags)}"
        for each in tag.tags:
            yield from _speak_point(each, indent + "  ")
    else:
        if tag.name in _SPOKEN:
            yield indent + _SPOKEN[tag.name]
        inner = indent + ("  " if tag.name in _SPOKEN else "")
        for part in tag.parts:
            yield from (
                _speak(part, inner) if isinstance(part, _Tag) and part.name not in ("Link", "Span") else _loose(part)
            )


def _loose(part: _Tag | str) -> Iterator[str]:
    words = part if isinstance(part, str) else part.said
    if words.strip():
        yield f"(loose) {words}"


def _speak_point(point: _Tag, indent: str) -> Iterator[str]:
    mark, body = (next((each for each in point.tags if each.name == name), _Tag(name, 0)) for name in ("Lbl", "LBody"))
    is_line = all(isinstance(each, str) or each.name in ("Link", "Span") for each in body.parts)
    lines = [body.words] if is_line else [line for each in body.tags for line in _speak(each)]
    start = f"{mark.words} ".lstrip() or "- "
    for line in lines or [""]:
        yield (indent + start + line).rstrip()
        start = "  "
