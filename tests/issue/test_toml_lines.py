import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mailer.issue.files.toml_lines import KeyPath, key_lines

DOCUMENT = '''\
# a comment with = and [brackets]
title = "x # not a comment" # a comment
intro = """
[not.a.table]
key = "no"
""""
when = 2024-02-01
a.b."c d" = 'q'
list = [
  "one", # ]
  { text = "two, }", date = 2024-01-01 },
  ["deep", [1, 2]],
]

[[groups]]
title = "A"

[[groups.groups]]
title = "A1"
[[groups.groups]]
title = "A2"
entries = [ { text = """
multi""" }, "x" ]

[[groups]]
title = "B"
[groups.more]
last = -1.5e3
'''


def paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from paths(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from paths(each, (*path, index))


def test_every_key_and_element_of_a_document_has_its_line() -> None:
    lines = key_lines(DOCUMENT)
    assert set(paths(tomllib.loads(DOCUMENT))) == set(lines)
    text = DOCUMENT.split("\n")
    assert "A2" in text[lines["groups", 0, "groups", 1, "title"] - 1]
    assert text[lines["groups", 0, "groups", 1, "entries", 1] - 1].startswith("multi")
    assert text[lines["groups", 1, "more", "last"] - 1] == "last = -1.5e3"
    assert text[lines["list", 1, "date"] - 1].strip().startswith("{ text")
    assert text[lines["a", "b", "c d"] - 1].startswith("a.b")


def test_windows_line_ends_do_not_shift_lines() -> None:
    assert key_lines("a = 1\r\n\r\nb = 2\r\n") == {("a",): 1, ("b",): 3}


KEYS = st.text(alphabet="abcXYZ_-09", min_size=1, max_size=6)
TEXTS = st.text(alphabet="ab \"'#=[]{},.\\\n", max_size=12)


def written(value: Any) -> str:
    match value:
        case dict():
            return "{ " + ", ".join(f"{key} = {written(each)}" for key, each in value.items()) + " }"
        case list():
            return "[\n" + "".join(f"  {written(each)}, # ]\n" for each in value) + "]"
        case str() if "'" not in value and "\n" not in value and "\\" in value:
            return f"'{value}'"
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"""\n{escaped}"""' if "\n" in value else f'"{escaped}"'
        case _:
            return str(value).lower()


VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.lists(st.dictionaries(KEYS, VALUES, max_size=3), max_size=3))
def test_the_paths_are_those_that_the_standard_parser_gives(head: dict[str, Any], tables: list[dict[str, Any]]) -> None:
    text = "".join(f"{key} = {written(value)}\n" for key, value in head.items())
    for table in tables:
        text += "\n[[of-tables]]\n" + "".join(f"{key} = {written(value)}\n" for key, value in table.items())
    assert set(paths(tomllib.loads(text))) == set(key_lines(text))
