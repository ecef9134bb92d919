"""Commands about bookings: see what needs a person, settle it by hand, export bookings and the audit."""

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime

import click
from flask.cli import with_appcontext

from lco.cli.output import HOW_MANY, NUMBER, Output, with_output
from lco.domain.booking import AuditEntry, Booking, State
from lco.errors import NotFound
from lco.web.extensions import current_services

FORMULA = ("=", "+", "-", "@", "\t", "\r")
PHONE = re.compile(r"\+[0-9]+( ext\. [0-9]+)?")
COLUMNS = (
    *("id", "state", "requested_at", "changed_at", "vehicle_id", "vehicle_name", "date_from", "date_to", "kind"),
    *("name", "email", "phone", "pickup_location", "return_location", "message"),
    *("reference", "total", "currency", "reason", "tries"),
)
VERDICTS = {
    "again": State.REQUESTED,
    "booked": State.BOOKED,
    "confirmed": State.CONFIRMED,
    "declined": State.DECLINED,
    "cancelled": State.CANCELLED,
}


@click.command("bookings")
@click.option("--all", "everything", is_flag=True, help="The newest ones, whether or not they need a person.")
@click.option("--most", type=HOW_MANY, default=50, show_default=True, help="How many of the newest to list.")
@click.option("--csv", "as_csv", is_flag=True, help="Export every booking, oldest first, as CSV.")
@with_output
@with_appcontext
def bookings(most: int, out: Output, *, everything: bool, as_csv: bool) -> None:
    """List the bookings that need a person, with what to call the customer by."""
    service = current_services().bookings.admin
    if as_csv:
        _write_csv(COLUMNS, (_values(one, out) for one in _every()))
        return
    counts = service.counts()
    out.line(", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no bookings")
    needing = service.needing_attention()
    out.line(f"{len(needing)} need a person")
    for booking in service.newest(most) if everything else needing:
        out.line(_line(booking, out), _values(booking, out))


@click.command("settle")
@click.argument("number", type=NUMBER)
@click.argument("verdict", type=click.Choice(list(VERDICTS)))
@click.option("--reference", default="", help="Odoo's reference, like BK-20260115-A1B2C3D4; needed for booked.")
@click.option("--reason", default="", help="Goes into the audit; of declined and cancelled the customer reads it.")
@with_output
@with_appcontext
def settle(number: int, verdict: str, reference: str, reason: str, out: Output) -> None:
    """Settle booking NUMBER by hand, after looking into Odoo.

    VERDICT again: Odoo does not have it, so the site places it once more. The others say how it stands there.
    """
    booking = current_services().bookings.admin.settle(number, VERDICTS[verdict], reason, reference)
    out.line(_line(booking, out), _values(booking, out))


@click.command("audit")
@click.option("--booking", "booking_id", type=NUMBER, help="Only of the booking with this number.")
@click.option("--form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@with_output
@with_appcontext
def audit(booking_id: int | None, form: str, out: Output) -> None:
    """Export every step of every booking, oldest first: who or what, when, from where, to where, why."""
    if booking_id is not None and not current_services().bookings.admin.audit(booking_id):
        raise NotFound(f"There is no booking {booking_id}.")
    rows = (asdict(step) | {"at": step.at.astimezone(out.zone).isoformat()} for step in _steps(booking_id))
    if form == "csv" and not out.as_json:
        _write_csv(list(AuditEntry.__dataclass_fields__), rows)
        return
    for row in rows:
        click.echo(out.to_json(row))


def _steps(booking_id: int | None) -> Iterator[AuditEntry]:
    """All steps, read page by page: the audit only grows, so a page never moves."""
    last = 0
    while page := current_services().bookings.admin.audit(booking_id, after=last):
        yield from page
        last = page[-1].id


def _every() -> Iterator[Booking]:
    """All bookings, read page by page."""
    last = 0
    while page := current_services().bookings.admin.page(after=last):
        yield from page
        last = page[-1].id


def _write_csv(names: Iterable[str], rows: Iterable[Mapping[str, object]]) -> None:
    writer = csv.DictWriter(sys.stdout, list(names), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _as_text(value) for name, value in row.items()})


def _as_text(value: object) -> object:
    """A value that no spreadsheet takes for a formula (OWASP, CSV injection); phone numbers stay as they are."""
    is_formula = isinstance(value, str) and value.startswith(FORMULA) and not PHONE.fullmatch(value)
    return f"'{value}" if is_formula else value


def _line(booking: Booking, out: Output) -> str:
    """One booking for the people of the business, who have to be able to call the customer."""
    request = booking.request
    facts = (
        str(booking.id),
        str(booking.state),
        f"requested {out.time(booking.created_at)}",
        f"{booking.vehicle_name} (vehicle {request.vehicle_id})",
        f"{request.days.start} to {request.days.end}",
        f"{request.name}, {request.email}, {request.phone}",
        booking.reference or "no reference",
        f"{booking.tries} tries",
    )
    return "  ".join(facts)


def _values(booking: Booking, out: Output) -> dict[str, object]:
    """One booking for programs: COLUMNS."""
    request, total = booking.request, booking.total
    values = (
        *(booking.id, str(booking.state), _instant(booking.created_at, out), _instant(booking.changed_at, out)),
        *(request.vehicle_id, booking.vehicle_name, request.days.start, request.days.end, request.kind),
        *(request.name, request.email, request.phone, request.pickup_location, request.return_location),
        *(request.message, booking.reference, total and total.amount, total and total.currency),
        *(booking.reason, booking.tries),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _instant(instant: datetime, out: Output) -> str:
    return instant.astimezone(out.zone).isoformat()
