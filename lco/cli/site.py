"""Commands about the site itself: its version, its settings and its schema."""

import dataclasses
import os

import click
from dotenv import dotenv_values
from flask.cli import with_appcontext

from lco.cli.output import Output, with_output
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
    """Where the value of a setting comes from: `NAME_FILE`, `.env`, `environment` or `default`."""
    if os.environ.get(f"{name}_FILE"):
        return f"{name}_FILE"
    if not os.environ.get(name):
        return "default"
    return ".env" if file.get(name) == os.environ[name] else "environment"
