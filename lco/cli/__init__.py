"""Commands for operators: `flask --app wsgi lco …` (docs/operating.md)."""

import click
from flask.cli import AppGroup

from lco.cli.bookings import audit, bookings, settle
from lco.cli.doctor import doctor
from lco.cli.mail import mail_worker, mails
from lco.cli.webhooks import send_webhook, webhooks
from lco.web.extensions import current_services

group = AppGroup("lco", help="The rental storefront.")
for command in (audit, bookings, doctor, mail_worker, mails, settle, send_webhook, webhooks):
    group.add_command(command)


@group.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    current_services().db.migrate()
    click.echo("The database is up to date.")
