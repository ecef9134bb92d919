"""Rules for the whole package that no linter knows: one clock, and names that say what a module holds."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "lco"
SHAPELESS = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "base", "core"}
CLOCKS = {
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
}
SOURCES = {path.relative_to(PACKAGE.parent): path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}
AT_THE_TOP = 13
VAGUE = re.compile(r"\b(?:(?:no|every|some)body|(?:who|what)ever)\b", re.IGNORECASE)
"""Words without a subject that a reader can look up."""


def test_only_the_clock_module_reads_a_clock():
    found = {str(path): sorted(clocks(source)) for path, source in SOURCES.items() if path.name != "clock.py"}
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import datetime\ndatetime.datetime.now()",
        "from datetime import date\ndate.today()",
        "import time\nx = time.monotonic",
        "from time import time",
    ],
)
def test_a_clock_that_is_read_is_found(source):
    assert list(clocks(source))


def test_other_uses_of_the_same_modules_are_allowed():
    assert not list(
        clocks("import time\nfrom datetime import UTC, datetime\ntime.sleep(datetime.fromtimestamp(0, UTC))")
    )


def test_every_module_name_states_its_content():
    assert [str(path) for path in SOURCES if SHAPELESS & set(path.with_suffix("").parts)] == []


def test_no_sentence_has_a_vague_subject():
    root = PACKAGE.parent
    texts = {
        path: path.read_text() for folder in ("lco", "tests", "bench") for path in (root / folder).rglob("*.py")
    }
    assert [str(path.relative_to(root)) for path, text in texts.items() if VAGUE.search(text)] == []


def test_few_modules_stand_at_the_top():
    assert len([path for path in SOURCES if len(path.parts) == 2]) <= AT_THE_TOP


def clocks(source: str) -> Iterator[str]:
    """Uses of a clock in `source`: `time.monotonic` read or imported, `datetime.now` called."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node).removeprefix("datetime.") in CLOCKS:
            yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{one.name}" for one in node.names if f"{node.module}.{one.name}" in CLOCKS)


def test_migrations_are_one_line_of_numbers():
    folder = PACKAGE / "db" / "migrations" / "versions"
    numbers = [path.name[:4] for path in sorted(folder.glob("*.py"))]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
