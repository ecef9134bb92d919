"""Commands for operators: `flask --app wsgi lco …`."""

import uuid

import click
import requests
from flask.cli import AppGroup

from lco import clock
from lco.blueprints import shop
from lco.webhooks import signature

group = AppGroup("lco", help="The rental storefront.")

ANSWER_WITHIN = 10.0
REFUSED = 400


@group.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    shop().store.migrate()
    click.echo("The database is up to date.")


@group.command("send-webhook")
@click.argument("endpoint", type=click.Choice(["booking", "inventory"]))
@click.argument("event", metavar="JSON")
@click.option("--url", default="http://127.0.0.1:8000", show_default=True, help="The site to send it to.")
@click.option(
    "--form",
    type=click.Choice(["both", "standard", "plain"]),
    default="both",
    show_default=True,
    help="Which signatures to send.",
)
def send_webhook(endpoint: str, event: str, url: str, form: str) -> None:
    """Send JSON to the site as Odoo would, signed with the first configured secret.

    Ends with code 1 when the site cannot be reached or refuses the event.
    """
    body = event.encode()
    headers = {"Content-Type": "application/json", **_signatures(form, body)}
    address = f"{url.rstrip('/')}/api/webhook/{endpoint}"
    try:
        answer = requests.post(address, data=body, headers=headers, timeout=ANSWER_WITHIN)
    except requests.RequestException as error:
        raise click.ClickException(f"{address} cannot be reached: {type(error).__name__}") from error
    click.echo(f"{answer.status_code} {answer.text.strip()}")
    if answer.status_code >= REFUSED:
        raise click.exceptions.Exit(1)


def _signatures(form: str, body: bytes) -> dict[str, str]:
    secrets = shop().settings.odoo_webhook_secret
    if not secrets:
        raise click.ClickException("ODOO_WEBHOOK_SECRET is not set.")
    plain = signature.sign_plain(secrets[0], body)
    standard = signature.sign(secrets[0], f"msg_{uuid.uuid4().hex}", clock.now(), body)
    return {**(plain if form != "standard" else {}), **(standard if form != "plain" else {})}
