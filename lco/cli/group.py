"""The group of all commands: what fails is one sentence on stderr, and never a traceback."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from lco.db.errors import DatabaseUnavailable
from lco.errors import InvalidInput, LcoError, NotFound
from lco.settings import SettingsError

MIGRATE = "run: flask --app wsgi lco migrate"
UNMIGRATED = ("no such table", "no such column", "UndefinedTable", "UndefinedColumn", "has no column")
KEEP_RUNNING = {"mail-worker"}
UNEXPECTED = "An error of ours, {}. With LOG_LEVEL=DEBUG it is shown whole."
LONGEST = 300
CLICKS_OWN = (click.ClickException, click.Abort, click.exceptions.Exit)


class PartFailed(click.ClickException):
    """A part that the command needs does not work: exit status 3."""

    exit_code = 3


class Misused(click.ClickException):
    """The command does not take these arguments: exit status 2. Click would print its usage as well."""

    exit_code = 2


class OperatorGroup(AppGroup):
    """Commands end with 0, 1 for what the operator has to correct, 2 for wrong usage, 3 when a part fails."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and turn what fails into a sentence."""
        with _sentences():
            result = super().invoke(ctx)
            sys.stdout.flush()
        return result

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command. Only one that keeps running writes lines of the log."""
        name, command, rest = super().resolve_command(ctx, args)
        if name not in KEEP_RUNNING:
            ctx.with_resource(_quiet())
        return name, command, rest


@contextmanager
def _quiet() -> Iterator[None]:
    """Within the block only the command itself writes to stderr: its sentence says what the log would."""
    logger = logging.getLogger("lco")
    before = logger.level
    if before != logging.DEBUG:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _sentences() -> Iterator[None]:
    """Turn failures of the block into click's own. With LOG_LEVEL=DEBUG an unexpected one keeps its traceback."""
    try:
        yield
    except Exception as error:
        if isinstance(error, BrokenPipeError):
            _end_quietly()
        if isinstance(error, CLICKS_OWN) and not isinstance(error, click.UsageError):
            raise
        failure = _failure(error)
        if failure is None and logging.getLogger("lco").level == logging.DEBUG:
            raise
        raise failure or PartFailed(UNEXPECTED.format(type(error).__name__)) from error


def _failure(error: Exception) -> click.ClickException | None:
    """The sentence and the exit status for `error`. Returns None when it is a fault of the program."""
    match error:
        case click.UsageError():
            return Misused(f"{error.format_message()} See --help.")
        case InvalidInput() | NotFound():
            return click.ClickException(_of_input(error))
        case DatabaseUnavailable() | SQLAlchemyError():
            return PartFailed(_of_database(error.__cause__ or error))
        case LcoError() | SettingsError():
            return PartFailed(str(error))
        case OSError():
            return PartFailed(f"{error.filename or 'A file or connection'}: {error.strerror or error}")
    return None


def _end_quietly() -> None:
    """The reader of our output, such as `head`, has seen enough. Raises Exit."""
    # Python flushes once more at its end, and must not find the broken pipe again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise click.exceptions.Exit(0)


def _of_input(error: LcoError) -> str:
    fields = error.fields if isinstance(error, InvalidInput) else {}
    return " ".join(sentence for found in fields.values() for sentence in found) or error.message


def _of_database(error: BaseException) -> str:
    said = _first_line(error)
    if any(sign in said for sign in UNMIGRATED):
        return f"The database has not the schema of this release ({said}). {MIGRATE}"
    return f"The database does not answer ({said}). Check DATABASE_URL, and that it runs."


def _first_line(error: BaseException) -> str:
    """The kind of error of the database, and the first line of what it says, which names no person."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    kind, lines = type(cause).__name__, str(cause).splitlines()
    return f"{kind}: {lines[0]}"[:LONGEST] if lines else kind
