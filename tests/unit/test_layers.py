"""Where things may stand: what imports what, what is called what, and how long anything may get."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LAYERS: Mapping[str, tuple[str, ...]] = {
    "the start": ("lco", "lco.app", "lco.together", "lco.cli", "lco.mail.cli"),
    "blueprints": ("lco.blueprints",),
    "pages and streams": (
        *("lco.live", "lco.htmx", "lco.answers", "lco.assets", "lco.security", "lco.extensions", "lco.limits"),
        *("lco.formats", "lco.urls", "lco.kept_pages", "lco.templating"),
    ),
    "the shop": ("lco.shop", "lco.upkeep"),
    "services": ("lco.catalogue", "lco.availability", "lco.bookings", "lco.webhooks", "lco.mail"),
    "odoo, store and log": (
        *("lco.odoo", "lco.store", "lco.redis", "lco.freshness", "lco.readings"),
        *("lco.live.log", "lco.live.redis_log", "lco.live.entry"),
    ),
    "the ground": (
        *("lco.settings", "lco.errors", "lco.metrics", "lco.money", "lco.clock", "lco.budget", "lco.background"),
        *("lco.build", "lco.validity", "lco.catalogue.vehicle", "lco.availability.days", "lco.availability.quote"),
        "lco.bookings.booking",
    ),
}
"""From top to bottom: a module may import from its own layer and from those below, never from above."""

KNOW_HTTP = ("the start", "blueprints", "pages and streams")
WEB = {"flask", "werkzeug", "flask_caching", "flask_limiter", "jinja2", "markupsafe"}
MAY_IMPORT = {
    "requests": ("lco.odoo", "lco.demo", "lco.cli"),
    "sqlalchemy": ("lco.store", "lco.bookings", "lco.webhooks", "lco.mail"),
    "alembic": ("lco.store",),
    "gevent": ("lco.live.lines",),
    "redis": ("lco.redis", "lco.live.redis_log"),
    "lco.demo": ("lco.demo", "lco.cli"),
}
DEMO_SHARES = ("lco.demo", "lco.clock")
SHAPELESS = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers", "base", "core"}
CLOCKS = {
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
}
LONGEST_FILE = 300
LONGEST_FUNCTION = 50
LISTS = "lco.store.migrations.versions"  # of tables and columns, as long as there are columns

Modules = Mapping[str, str]


def imports_point_downward(modules: Modules) -> Iterator[str]:
    order = list(LAYERS)
    for name, target in imports(modules):
        own, other = layer(name), layer(target)
        if own and other and order.index(other) < order.index(own):
            yield f"{name} ({own}) imports {target}, which belongs to {other}, a layer above"


def every_module_has_a_layer(modules: Modules) -> Iterator[str]:
    for name in modules:
        if not within(name, ["lco.demo"]) and layer(name) is None:
            yield f"{name} belongs to no layer: say in LAYERS where it stands"


def only_the_upper_layers_know_http(modules: Modules) -> Iterator[str]:
    for name, target in imports(modules):
        if layer(name) not in {None, *KNOW_HTTP} and target.partition(".")[0] in WEB:
            yield f"{name} imports {target}, but {layer(name)} know nothing of HTTP"


def libraries_stay_where_they_belong(modules: Modules) -> Iterator[str]:
    for name, target in imports(modules):
        for library, places in MAY_IMPORT.items():
            if within(target, [library]) and not within(name, places):
                yield f"{name} imports {library}, which is left to {' and '.join(places)}"


def the_demo_shares_only_the_clock(modules: Modules) -> Iterator[str]:
    for name, target in imports(modules):
        if within(name, ["lco.demo"]) and within(target, ["lco"]) and not within(target, DEMO_SHARES):
            yield f"{name} imports {target}: the demo plays the other side, so it shares nothing but the clock"


def names_say_what_is_inside(modules: Modules) -> Iterator[str]:
    for name in modules:
        if SHAPELESS & set(name.split(".")):
            yield f"{name} has a name that says nothing about what is inside"


def there_is_one_clock(modules: Modules) -> Iterator[str]:
    for name, source in modules.items():
        read = {ast.unparse(node) for node in ast.walk(parsed(source)) if isinstance(node, ast.Attribute)}
        read |= {target for who, target in imports({name: source}) if target in CLOCKS}
        clocks = {text for text in read if text in CLOCKS or text.removeprefix("datetime.") in CLOCKS}
        if name != "lco.clock":
            yield from (f"{name} reads {text}, past lco.clock" for text in sorted(clocks))


def nothing_grows_too_long(modules: Modules) -> Iterator[str]:
    for name, source in modules.items():
        lines = len(source.splitlines())
        if lines > LONGEST_FILE:
            yield f"{name} has {lines} lines, which are two subjects"
        for node in ast.walk(parsed(source)):
            is_code = isinstance(node, ast.FunctionDef) and not within(name, [LISTS])
            if is_code and (length := lines_of(node)) > LONGEST_FUNCTION:
                yield f"{name}.{node.name} has {length} lines"


Rule = Callable[[Modules], Iterator[str]]

OFFENDERS: list[tuple[Rule, str, str, str]] = [
    (imports_point_downward, "lco.catalogue.bad", "from lco.blueprints import shop", "lco.blueprints"),
    (imports_point_downward, "lco.odoo.bad", "from lco.catalogue import service", "lco.catalogue.service"),
    (
        imports_point_downward,
        "lco.odoo.bad",
        "def f():\n    import lco.catalogue.service",
        "lco.catalogue.service",
    ),
    (imports_point_downward, "lco.odoo.bad", "from ..catalogue import service", "lco.catalogue.service"),
    (imports_point_downward, "lco.bookings.booking", "from lco.bookings import service", "lco.bookings.service"),
    (imports_point_downward, "lco.webhooks.bad", "from lco.live.hub import Hub", "lco.live.hub"),
    (imports_point_downward, "lco.live.bad", "from lco import create_app", "lco"),
    (every_module_has_a_layer, "lco.novelty", "", "no layer"),
    (only_the_upper_layers_know_http, "lco.store.bad", "from flask import g", "flask"),
    (only_the_upper_layers_know_http, "lco.errors", "import werkzeug.exceptions", "werkzeug"),
    (libraries_stay_where_they_belong, "lco.catalogue.bad", "import requests", "requests"),
    (libraries_stay_where_they_belong, "lco.blueprints.bad", "from sqlalchemy.orm import Session", "sqlalchemy"),
    (libraries_stay_where_they_belong, "lco.live.bad", "import gevent", "lco.live.lines"),
    (libraries_stay_where_they_belong, "lco.blueprints.bad", "from lco.demo import app", "lco.demo"),
    (the_demo_shares_only_the_clock, "lco.demo.bad", "from lco.money import Money", "lco.money"),
    (names_say_what_is_inside, "lco.catalogue.utils", "", "lco.catalogue.utils"),
    (there_is_one_clock, "lco.store.bad", "import datetime\ndatetime.datetime.now()", "datetime.datetime.now"),
    (there_is_one_clock, "lco.store.bad", "from datetime import date\ndate.today()", "date.today"),
    (there_is_one_clock, "lco.store.bad", "import time\nx = time.monotonic", "time.monotonic"),
    (there_is_one_clock, "lco.store.bad", "from time import time", "time.time"),
    (nothing_grows_too_long, "lco.store.bad", "x = 1\n" * 301, "301 lines"),
    (nothing_grows_too_long, "lco.store.bad", "def f():\n" + "    x = 1\n" * 50, "lco.store.bad.f has 51 lines"),
]
RULES = list(dict.fromkeys(rule for rule, *_ in OFFENDERS))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_site_keeps_to_the_rule(rule):
    assert list(rule(site())) == []


@pytest.mark.parametrize(("rule", "name", "source", "word"), OFFENDERS)
def test_an_offender_is_found_and_named(rule, name, source, word):
    (sentence,) = rule({name: source})
    assert name in sentence
    assert word in sentence


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_is_allowed_is_not_found(rule):
    allowed = {
        "lco.blueprints.good": "import flask\nfrom lco.catalogue.service import Catalogue",
        "lco.catalogue.good": "from lco.odoo import client\nfrom lco import clock\nclock.now()",
        "lco.odoo.good": "import requests\nfrom lco.catalogue.vehicle import Vehicle",
        "lco.store.good": "from datetime import datetime, UTC\nimport sqlalchemy\ndatetime.fromtimestamp(0, UTC)",
        "lco.live.good": "from lco.shop import Shop\nfrom lco.live.log import ChangeLog",
        "lco.demo.good": "from lco import clock\nfrom lco.demo.app import create_demo",
    }
    assert list(rule(allowed)) == []


@cache
def site() -> Modules:
    """The sources of the package by module name."""
    files = {path: path.relative_to(ROOT).with_suffix("") for path in sorted((ROOT / "lco").rglob("*.py"))}
    return {".".join(name.parts).removesuffix(".__init__"): path.read_text() for path, name in files.items()}


def imports(modules: Modules) -> Iterator[tuple[str, str]]:
    """Pairs of a module and one that it imports, wherever in it the import stands."""
    known = site().keys() | modules.keys()
    for name, source in modules.items():
        for target in sorted(set(targets(name, parsed(source)))):
            yield name, next((known_one for known_one in beginnings(target) if known_one in known), target)


def targets(name: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(name.split(".")[: -node.level]) if node.level else ""
            whole = ".".join(part for part in (package, node.module) if part)
            yield from (f"{whole}.{alias.name}" for alias in node.names)


def layer(name: str) -> str | None:
    """The layer that names the longest beginning of `name`; `lco` itself stands only for itself."""
    for beginning in beginnings(name):
        for title, members in LAYERS.items():
            if beginning in members and (beginning != "lco" or name == "lco"):
                return title
    return None


def beginnings(name: str) -> Iterator[str]:
    """`a.b.c`, `a.b`, `a`."""
    parts = name.split(".")
    return (".".join(parts[:length]) for length in range(len(parts), 0, -1))


def within(name: str, places: Iterable[str]) -> bool:
    return not set(beginnings(name)).isdisjoint(places)


def lines_of(node: ast.FunctionDef) -> int:
    """The function's own lines: the functions within it have their own."""
    inner = [child for child in ast.walk(node) if isinstance(child, ast.FunctionDef) and child is not node]
    whole = set(range(node.lineno, node.end_lineno + 1))
    return len(whole.difference(*(range(child.lineno, child.end_lineno + 1) for child in inner)))


@cache
def parsed(source: str) -> ast.Module:
    return ast.parse(source)
