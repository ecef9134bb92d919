"""The common form of the output of commands: JSON for programs, and times in the zone that was asked for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, tzinfo
from functools import wraps
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import click

LARGEST = 2**31 - 1
NUMBER = click.IntRange(1, LARGEST)
"""A number of a booking or of a mail."""
HOW_MANY = click.IntRange(1, 100_000)


class Output(NamedTuple):
    """The form of the output of one call of a command."""

    as_json: bool
    zone: tzinfo

    def line(self, text: str, values: Mapping[str, object] | None = None) -> None:
        """Print `text`, or for programs `values` as one JSON object; a text without values is for people only."""
        if not self.as_json:
            click.echo(text)
        elif values is not None:
            click.echo(self.to_json(values))

    def to_json(self, values: Mapping[str, object], indent: int | None = None) -> str:
        """`values` as JSON; instants in the chosen zone, with its offset."""
        return json.dumps(values, default=self._plain, ensure_ascii=False, indent=indent)

    def time(self, instant: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
        """An instant with the name of its zone, like `2026-01-15 09:30 UTC`."""
        return f"{instant.astimezone(self.zone):{form} %Z}"

    def _plain(self, value: object) -> object:
        if isinstance(value, datetime):
            return value.astimezone(self.zone).isoformat()
        if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        return str(value)


class Zone(click.ParamType[tzinfo]):
    """The name of a time zone."""

    name = "zone"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tzinfo:
        """The zone that `value` names."""
        if not isinstance(value, str):
            return UTC
        try:
            return UTC if value.upper() == "UTC" else ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            self.fail(f"{value!r} is no time zone. Give one like America/Chicago.", param, ctx)


def with_output(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options `--json` and `--tz`; it gets an Output as `out`."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON object for each line.")
    @click.option("--tz", type=Zone(), default="UTC", show_default=True, help="Zone of times; days are local.")
    @wraps(command)
    def wrapped(*arguments: Any, as_json: bool, tz: tzinfo, **options: Any) -> None:
        command(*arguments, out=Output(as_json, tz), **options)

    return wrapped
