"""A real Odoo with our module and the example catalogue, as a process of its own, and calls to it from outside."""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import requests

from tests.odoo import module_database, odoo_package, postgres_cluster
from tests.serving import SECRET, Server, free_port

VEHICLE, BOOKING, DELIVERY = "fleet.vehicle", "fleet.rental.booking", "fleet.rental.event"
READY = "/api/fleet/filters"


@dataclass
class RealOdoo:
    """What staff and the site see of a running Odoo; `call` does what a click in Odoo does."""

    server: Server
    database: str
    key: str

    @property
    def url(self) -> str:
        return self.server.url

    def call(self, model: str, method: str, ids: list[int] | None = None, **arguments: object) -> Any:
        """What a public method of a model answers, called as the administrator. AssertionError when it refuses."""
        answer = requests.post(
            f"{self.url}/json/2/{model}/{method}",
            json={**({} if ids is None else {"ids": ids}), **arguments},
            headers={"Authorization": f"bearer {self.key}"},
            timeout=30,
        )
        assert answer.ok, answer.text[:2000]
        return answer.json()

    def change(self, vehicle_id: int, **values: object) -> None:
        self.call(VEHICLE, "write", [vehicle_id], vals=values)

    def bookings(self, email: str) -> list[dict[str, Any]]:
        """The bookings of this customer, as they stand in Odoo."""
        return self.call(BOOKING, "search_read", domain=[["customer_email", "=", email]], fields=BOOKING_FIELDS)

    def booking_id(self, reference: str) -> int:
        (found,) = self.call(BOOKING, "search", domain=[["reference", "=", reference]])
        return found

    def click(self, button: str, reference: str) -> None:
        """What a button of a booking's form does: confirm, pick_up, return or cancel."""
        self.call(BOOKING, f"action_{button}", [self.booking_id(reference)])

    def rent_out(self, vehicle_id: int, first: date, last: date) -> None:
        """A customer has come and taken the machine along."""
        values = {
            "vehicle_id": vehicle_id,
            "partner_id": self.call("res.partner", "create", vals_list=[{"name": "Walk-in"}])[0],
            "date_from": str(first),
            "date_to": str(last),
            "state": "picked_up",
        }
        self.call(BOOKING, "create", vals_list=[values])

    def send_webhooks_to(self, site_url: str, secret: str = SECRET) -> None:
        """Settings: the addresses of the site and the secret they share."""
        self.set_parameter("booking_webhook_url", f"{site_url}/api/webhook/booking")
        self.set_parameter("inventory_webhook_url", f"{site_url}/api/webhook/inventory")
        self.set_parameter("webhook_secret", secret)

    def deliveries(self, **wanted: object) -> list[dict[str, Any]]:
        """The outbox, newest first, narrowed by its fields."""
        domain = [[name, "=", value] for name, value in wanted.items()]
        fields = ["event_type", "state", "tries", "answer", "body", "message_id"]
        return self.call(DELIVERY, "search_read", domain=domain, fields=fields)

    def waiting(self) -> list[int]:
        """The ids of the events that are to be sent."""
        return self.call(DELIVERY, "search", domain=[["state", "=", "waiting"]])

    def run_cron(self, name: str) -> None:
        """What Odoo does by itself when the time has come; its own clock is not exact enough to wait for."""
        named = [["module", "=", module_database.MODULE], ["name", "=", name]]
        (cron,) = self.call("ir.model.data", "search_read", domain=named, fields=["res_id"])
        self.call("ir.cron", "method_direct_trigger", [cron["res_id"]])

    def set_parameter(self, name: str, value: str) -> None:
        """One of the module's settings, by its name in `ir.config_parameter`."""
        self.call("ir.config_parameter", "set_param", key=f"{module_database.MODULE}.{name}", value=value)


BOOKING_FIELDS = [
    "reference",
    "vehicle_id",
    "customer_name",
    "customer_email",
    "customer_phone",
    "date_from",
    "date_to",
    "booking_type",
    "pickup_location",
    "return_location",
    "message",
    "state",
    "total_amount",
]


@contextmanager
def real_odoo(port: int | None = None) -> Iterator[RealOdoo]:
    """A real Odoo in a fresh database with the 15 machines. Raises NoOdoo where none can be had."""
    template = module_database.prepare()
    database = f"test_{uuid.uuid4().hex[:8]}"
    module_database.copy(template, database)
    try:
        with serve(database, port) as odoo:
            yield odoo
    finally:
        _drop(database)


@contextmanager
def serve(database: str, port: int | None = None) -> Iterator[RealOdoo]:
    """An Odoo that serves this database, a copy of the template."""
    key = postgres_cluster.sql("SELECT value FROM ir_config_parameter WHERE key = 'tests.key'", database)
    port = port or free_port()
    command = module_database.command(
        "-c", str(module_database.CONFIGURATION), "-d", database, "--http-port", str(port)
    )
    server = Server(command, port, READY, odoo_package.environment(), odoo_package.HOME / f"{database}.log")
    try:
        server.start()
        yield RealOdoo(server, database, key)
    finally:
        server.stop()


def _drop(database: str) -> None:
    try:
        postgres_cluster.drop(database)
    except subprocess.CalledProcessError as error:
        raise AssertionError(f"the database {database} stays behind: {error.stderr}") from error
    module_database.forget_files(database)
    (odoo_package.HOME / f"{database}.log").unlink(missing_ok=True)
