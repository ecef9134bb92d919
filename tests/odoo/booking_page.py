"""The content of a booking's page, and its expected content for the booking in Odoo."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import requests

from lco.domain.date_range import DateRange
from lco.domain.money import Money
from lco.web.filters import format_date_range
from tests.html import parse
from tests.odoo.odoo_server import BOOKING, RealOdoo

FIELDS = ["reference", "state", "vehicle_id", "date_from", "date_to", "total_amount", "currency_id"]
STATES = {"booked": "draft", "confirmed": "confirmed", "cancelled": "cancelled"}
STAGES = {"out": "picked_up", "overdue": "picked_up", "returned": "returned"}


@dataclass(frozen=True)
class Terms:
    """A booking in the words of its page; the state in Odoo's."""

    state: str
    machine: str
    days: str
    price: str | None


def shown(url: str) -> Terms:
    """The content of the page at this address."""
    answer = requests.get(url, timeout=30)
    assert answer.status_code == 200, answer.text
    page = parse(answer.text, whole=True)
    (section,) = page.findall(".//section[@id='booking']")
    facts = {_text(row.find("dt")): _text(row.find("dd")) for row in section.findall(".//dl[@class='facts']/div")}
    state = STAGES.get(section.get("data-stage"), STATES.get(section.get("data-state"), section.get("data-state")))
    price = section.find(".//dl[@class='facts']/div[dt='Total']/dd")
    # Remarks on the price stand in elements of their own behind it.
    return Terms(state, facts["Machine"], facts["Days"], None if price is None else (price.text or "").strip())


def expected(odoo: RealOdoo, references: list[str]) -> dict[str, Terms]:
    """The expected content of the pages, by reference."""
    bookings = odoo.call(BOOKING, "search_read", domain=[["reference", "in", references]], fields=FIELDS)
    ids = [booking["vehicle_id"][0] for booking in bookings]
    vehicles = odoo.call("fleet.vehicle", "read", ids, fields=["rental_public_name"])
    names = {vehicle["id"]: vehicle["rental_public_name"] for vehicle in vehicles}
    return {booking["reference"]: _terms(booking, names[booking["vehicle_id"][0]]) for booking in bookings}


def _terms(booking: dict[str, Any], machine: str) -> Terms:
    days = DateRange(date.fromisoformat(booking["date_from"]), date.fromisoformat(booking["date_to"]))
    price = Money(Decimal(str(booking["total_amount"])), booking["currency_id"][1])
    price_text = str(price) if price.amount else "Call for pricing"
    return Terms(
        booking["state"], machine, format_date_range(days), None if booking["state"] == "cancelled" else price_text
    )


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())
