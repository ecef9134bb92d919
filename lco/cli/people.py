"""Commands about people: hand a customer all that is kept of them, and erase it."""

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from lco.cli.output import Output, with_output
from lco.web.extensions import current_services


@click.command("export")
@click.argument("who", metavar="MAIL|NUMBER")
@with_output
@with_appcontext
def export(who: str, out: Output) -> None:
    """Print as JSON all that is kept of the customer with this MAIL address, or behind booking NUMBER."""
    people = current_services().people
    click.echo(out.to_json(people.export(people.find(who)), indent=None if out.as_json else 2))


@click.command("erase")
@click.argument("who", metavar="MAIL|NUMBER")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_output
@with_appcontext
def erase(who: str, out: Output, *, yes: bool) -> None:
    """Erase the customer with this MAIL address, or behind booking NUMBER, from every table and mail file.

    Bookings and their audit stay, without name, address, phone, places and message. Odoo is not told.
    """
    people = current_services().people
    person = people.find(who)
    if not yes and not out.as_json:
        click.confirm(
            f"Erase {person.email} from {len(person.bookings)} bookings, for good?", abort=True, err=True
        )
    erased = people.erase(person)
    out.line(
        f"{len(erased.bookings)} bookings, {erased.mails} mails, {erased.deliveries} webhooks "
        f"and {erased.files} mail files no longer name this person.",
        asdict(erased),
    )
    for number in erased.unsettled:
        out.line(f"Odoo may have made booking {number} all the same: look there.")
