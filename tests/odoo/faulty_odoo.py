"""A real Odoo behind a switch for faults, with its records as every test of the contract expects them at first."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from lco import clock
from lco.demo.faults import FaultSwitch
from lco.demo.faulty_api import FaultyApi
from lco.demo.server import running
from lco.odoo.errors import BookingInvalid
from tests.odoo.odoo_server import BOOKING, VEHICLE, RealOdoo, real_odoo

RENTED, IN_MAINTENANCE = 6, 11
DROPPED = {"connection", "content-encoding", "content-length", "transfer-encoding", "server", "date"}


class Forwarding:
    """A WSGI application that asks another server, and answers what that one answers."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        asked = Request(environ)
        answer = requests.request(
            asked.method,
            self._url + asked.full_path.removesuffix("?"),
            data=asked.get_data(),
            headers={name: value for name, value in asked.headers if name.lower() != "connection"},
            allow_redirects=False,
            timeout=60,
        )
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in DROPPED]
        return Response(answer.content, answer.status_code, headers)(environ, start_response)


class Older:
    """The same Odoo before it had the call for busy days."""

    def __init__(self, app: Forwarding) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        is_busy = environ["PATH_INFO"].endswith("/busy")
        return (NotFound() if is_busy else self._app)(environ, start_response)


class FaultyOdoo:
    """What the contract's tests need of a server."""

    shows_a_placeholder = True  # stock Odoo answers 200 for a picture that is not there
    wrong_date = BookingInvalid
    knows_keys = True

    def __init__(self, odoo: RealOdoo, url: str, switch: FaultSwitch) -> None:
        self.url = url
        self._odoo = odoo
        self._switch = switch
        self._at_first = self._ids(BOOKING, [])

    def begin(self) -> None:
        self._switch.set("off")
        made = self._ids(BOOKING, [["id", "not in", self._at_first]])
        self._odoo.call(BOOKING, "write", made, vals={"state": "cancelled"})
        self._odoo.call(BOOKING, "unlink", made)
        hidden = self._ids(VEHICLE, [["rental_published", "=", False]])
        self._odoo.call(VEHICLE, "action_publish", hidden)

    def fail(self, mode: str) -> None:
        self._switch.set(mode, seconds=0.05)

    def bookings(self, email: str) -> list[dict[str, object]]:
        """In the words of the API."""
        return [
            {**made, "booking_ref": made["reference"], "vehicle_id": made["vehicle_id"][0]}
            for made in self._odoo.bookings(email)
        ]

    def retire(self, vehicle_id: int) -> None:
        self._odoo.call(VEHICLE, "action_unpublish", [vehicle_id])

    def _ids(self, model: str, domain: list[list[object]]) -> list[int]:
        return self._odoo.call(model, "search", domain=domain)


@contextmanager
def faulty_odoo() -> Iterator[FaultyOdoo]:
    """A real Odoo with one machine rented out and one in maintenance. Raises NoOdoo."""
    switch = FaultSwitch()
    with real_odoo() as odoo, running(FaultyApi(Forwarding(odoo.url), switch)) as url:
        today = clock.today(ZoneInfo("America/Chicago"))
        odoo.rent_out(RENTED, today - timedelta(days=2), today + timedelta(days=4))
        odoo.change(IN_MAINTENANCE, rental_state="maintenance", maintenance_until=str(today + timedelta(days=6)))
        yield FaultyOdoo(odoo, url, switch)
