"""Commands about the site itself: its version, its settings and its schema."""

import dataclasses
import os
from pathlib import Path

import click
from dotenv import dotenv_values
from flask.cli import with_appcontext

from lco.cli.output import Output, with_output
from lco.db.backup import Counts, back_up
from lco.db.backup import restore as put_back
from lco.settings import Settings
from lco.version import version as digest
from lco.web.extensions import current_services

MASKED = "********"


@click.command("migrate")
@with_output
@with_appcontext
def migrate(out: Output) -> None:
    """Bring the database to the newest schema."""
    database = current_services().db
    database.migrate()
    out.line("The database is up to date.", {"schema": database.revisions()[0]})


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@with_output
@with_appcontext
def backup(file: Path, out: Output) -> None:
    """Write a whole copy of the database to the new FILE, while the site runs.

    SQLite's copy is examined and counted. For PostgreSQL pg_dump makes it.
    """
    counts = back_up(current_services().db, file)
    out.line(f"{file} holds {_rows(counts)}.", {"file": str(file), "rows": counts})


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_output
@with_appcontext
def restore(file: Path, out: Output, *, yes: bool) -> None:
    """Replace the database by the copy in FILE, and bring it to the newest schema. Stop the site first."""
    if not yes and not out.as_json:
        click.confirm("Is the site stopped, and may everything in the database be replaced?", abort=True, err=True)
    database = current_services().db
    counts = put_back(database, file)
    database.migrate()
    out.line(f"The database holds {_rows(counts)}.", {"file": str(file), "rows": counts})


def _rows(counts: Counts) -> str:
    tables = (f"{count} {name}" for name, count in counts.items() if name != "alembic_version")
    return ", ".join(tables) or "the dump of PostgreSQL"


@click.command("version")
@with_output
@with_appcontext
def version(out: Output) -> None:
    """Print the version of the site, as /healthz shows it."""
    out.line(digest(), {"version": digest()})


@click.command("config")
@with_output
@with_appcontext
def config(out: Output) -> None:
    """Print every setting with its value and where that comes from; secrets are masked."""
    settings = current_services().settings
    file = dotenv_values(".env")
    for field in dataclasses.fields(Settings):
        name, value = field.name.upper(), getattr(settings, field.name)
        shown = MASKED if value and not field.repr else _text(value)
        source = _source(name, file)
        out.line(f"{name}={shown}  ({source})", {"name": name, "value": shown, "from": source})


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _source(name: str, file: dict[str, str | None]) -> str:
    """The source of the value of a setting: `NAME_FILE`, `.env`, `environment` or `default`."""
    if os.environ.get(f"{name}_FILE"):
        return f"{name}_FILE"
    if not os.environ.get(name):
        return "default"
    return ".env" if file.get(name) == os.environ[name] else "environment"
