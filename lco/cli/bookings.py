"""Commands about bookings: see what needs a person, settle it by hand, export the audit."""

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from lco.domain.booking import AuditEntry, Booking, State
from lco.errors import InvalidInput, NotFound
from lco.web.extensions import current_services

VERDICTS = {
    "again": State.REQUESTED,
    "booked": State.BOOKED,
    "confirmed": State.CONFIRMED,
    "declined": State.DECLINED,
    "cancelled": State.CANCELLED,
}


@click.command("bookings")
@click.option("--all", "everything", is_flag=True, help="The newest ones, whether or not they need a person.")
@click.option("--most", default=50, show_default=True, help="How many of the newest to list.")
@with_appcontext
def bookings(most: int, *, everything: bool) -> None:
    """List the bookings that need a person, with what to call the customer by."""
    counts = current_services().bookings.admin.counts()
    click.echo(", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no bookings")
    needing = current_services().bookings.admin.needing_attention()
    click.echo(f"{len(needing)} need a person")
    for booking in current_services().bookings.admin.newest(most) if everything else needing:
        click.echo(_line(booking))


@click.command("settle")
@click.argument("number", type=int)
@click.argument("verdict", type=click.Choice(list(VERDICTS)))
@click.option("--reference", default="", help="Odoo's reference, like BK-20260115-A1B2C3D4; needed for booked.")
@click.option("--reason", default="", help="Goes into the audit; of declined and cancelled the customer reads it.")
@with_appcontext
def settle(number: int, verdict: str, reference: str, reason: str) -> None:
    """Settle booking NUMBER by hand, after looking into Odoo.

    VERDICT again: Odoo does not have it, so the site places it once more. The others say how it stands there.
    """
    try:
        booking = current_services().bookings.admin.settle(number, VERDICTS[verdict], reason, reference)
    except InvalidInput as error:
        sentences = [sentence for found in error.fields.values() for sentence in found]
        raise click.ClickException(" ".join(sentences) or error.message) from error
    except NotFound as error:
        raise click.ClickException(error.message) from error
    click.echo(_line(booking))


@click.command("audit")
@click.option("--booking", "booking_id", type=int, help="Only of the booking with this number.")
@click.option("--form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@with_appcontext
def audit(booking_id: int | None, form: str) -> None:
    """Export every step of every booking, oldest first: who or what, when, from where, to where, why."""
    names = list(AuditEntry.__dataclass_fields__)
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    if form == "csv":
        writer.writeheader()
    for step in _steps(booking_id):
        row = asdict(step) | {"at": step.at.isoformat()}
        if form == "csv":
            writer.writerow(row)
        else:
            click.echo(json.dumps(row))


def _steps(booking_id: int | None) -> Iterator[AuditEntry]:
    """All steps, read page by page: the audit only grows, so a page never moves."""
    last = 0
    while page := current_services().bookings.admin.audit(booking_id, after=last):
        yield from page
        last = page[-1].id


def _line(booking: Booking) -> str:
    """One booking for the people of the business, who have to be able to call the customer."""
    request = booking.request
    facts = (
        str(booking.id),
        str(booking.state),
        f"requested {booking.created_at:%Y-%m-%d %H:%M} UTC",
        f"{booking.vehicle_name} (vehicle {request.vehicle_id})",
        f"{request.days.start} to {request.days.end}",
        f"{request.name}, {request.email}, {request.phone}",
        booking.reference or "no reference",
        f"{booking.tries} tries",
    )
    return "  ".join(facts)
