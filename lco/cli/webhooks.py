"""Commands about webhooks: send one by hand, see what came and what became of it, have one applied again."""

import uuid

import click
import requests
from flask.cli import with_appcontext

from lco import clock
from lco.cli.output import HOW_MANY, Output, with_output
from lco.db.models import Delivery
from lco.web.extensions import current_services
from lco.webhooks import signature

ANSWER_WITHIN = 10.0
REFUSED = 400


@click.command("send-webhook")
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
@with_output
@with_appcontext
def send_webhook(endpoint: str, event: str, url: str, form: str, out: Output) -> None:
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
    said = answer.text.strip()
    out.line(f"{answer.status_code} {said}", {"status": answer.status_code, "answer": said})
    if answer.status_code >= REFUSED:
        raise click.exceptions.Exit(1)


def _signatures(form: str, body: bytes) -> dict[str, str]:
    secrets = current_services().settings.odoo_webhook_secret
    if not secrets:
        raise click.ClickException("ODOO_WEBHOOK_SECRET is not set.")
    plain = signature.sign_plain(secrets[0], body)
    standard = signature.sign(secrets[0], f"msg_{uuid.uuid4().hex}", clock.now(), body)
    return {**(plain if form != "standard" else {}), **(standard if form != "plain" else {})}


@click.command("webhooks")
@click.option("--unapplied", is_flag=True, help="Only those that wait or have failed.")
@click.option("--most", type=HOW_MANY, default=50, show_default=True, help="How many to list, newest first.")
@click.option("--replay", metavar="ID", help="Have this one applied again by the running site.")
@with_output
@with_appcontext
def webhooks(replay: str | None, most: int, out: Output, *, unapplied: bool) -> None:
    """List the deliveries that came, or have one applied again."""
    if replay:
        _replay(replay, out)
        return
    seen = current_services().inbox.overview()
    out.line(f"{seen.waiting} waiting, {seen.failed} failed")
    for delivery in current_services().inbox.newest(most, unapplied=unapplied):
        out.line(_line(delivery, out), _values(delivery))


def _replay(delivery_id: str, out: Output) -> None:
    current_services().inbox.replay(delivery_id)
    out.line(f"{delivery_id} is applied by the running site within seconds.", {"id": delivery_id})


def _line(delivery: Delivery, out: Output) -> str:
    """One delivery without its payload, which may name a customer."""
    tries = "1 try" if delivery.tries == 1 else f"{delivery.tries} tries"
    facts = (
        delivery.id,
        out.time(delivery.received_at, "%Y-%m-%d %H:%M:%S"),
        delivery.event_type,
        delivery.subject,
    )
    return "  ".join((*facts, delivery.result or "being applied", tries))


def _values(delivery: Delivery) -> dict[str, object]:
    names = ("id", "received_at", "event_type", "subject", "result", "tries", "applied_at")
    return {name: getattr(delivery, name) for name in names}
