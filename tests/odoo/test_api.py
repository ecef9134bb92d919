"""What only a real Odoo with PostgreSQL can prove of the API: many at once, and nothing booked twice."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import requests

from tests.odoo.days_ahead import ahead

FIFTY = 50


def test_of_fifty_bookings_at_once_one_is_made_and_49_are_cleanly_refused(odoo):
    answers = at_once(odoo, [order(1, 60, email=f"customer{number}@example.com") for number in range(FIFTY)])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (FIFTY - 1)
    refusals = [answer.json() for answer in answers if answer.status_code == 409]
    assert {refusal["error"] for refusal in refusals} == {"not_available"}
    (booked,) = (answer.json() for answer in answers if answer.status_code == 201)
    made = odoo.call("fleet.rental.booking", "search_read", domain=on(60), fields=["reference"])
    assert [booking["reference"] for booking in made] == [booked["booking_ref"]]


def test_fifty_bookings_of_days_that_overlap_in_part_never_overlap_in_odoo(odoo):
    orders = [order(2, 60 + number % 10, email=f"customer{number}@example.com") for number in range(FIFTY)]
    answers = at_once(odoo, orders)
    assert {answer.status_code for answer in answers} == {201, 409}
    made = odoo.call(
        "fleet.rental.booking", "search_read", domain=[["vehicle_id", "=", 2]], fields=["date_from", "date_to"]
    )
    stays = sorted((booking["date_from"], booking["date_to"]) for booking in made)
    assert len(stays) == sum(answer.status_code == 201 for answer in answers)
    assert all(earlier[1] <= advance_clock[0] for earlier, advance_clock in pairwise(stays))


def test_bookings_of_different_days_at_once_do_not_get_in_each_others_way(odoo):
    answers = at_once(odoo, [order(5, 60 + 4 * number, f"customer{number}@example.com") for number in range(20)])
    assert {answer.status_code for answer in answers} == {201}
    assert "tries left" not in odoo.server.log.read_text()


def test_concurrent_requests_with_one_key_get_the_same_booking(odoo):
    answers = at_once(odoo, [order(3, 60)] * 20, {"Idempotency-Key": "pressed-often"})
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1


def test_looking_at_a_machine_from_many_sides_counts_every_look(odoo):
    url = f"{odoo.url}/api/fleet/vehicle/4"
    before = requests.get(url, timeout=10).json()["data"]["view_count"]
    with ThreadPoolExecutor(10) as threads:
        looks = list(threads.map(lambda _: requests.get(url, timeout=30), range(40)))
    assert {look.status_code for look in looks} == {200}
    assert requests.get(url, timeout=10).json()["data"]["view_count"] == before + 41


def order(vehicle_id: int, first: int, email: str = "customer@example.com") -> dict[str, object]:
    return {
        "vehicle_id": vehicle_id,
        "customer_name": "A customer",
        "customer_email": email,
        "customer_phone": "218-555-0143",
        "date_from": str(ahead(first)),
        "date_to": str(ahead(first + 4)),
    }


def at_once(odoo, orders, headers=None) -> list[requests.Response]:
    url = f"{odoo.url}/api/fleet/booking"
    with ThreadPoolExecutor(len(orders)) as threads:
        return list(threads.map(lambda body: requests.post(url, json=body, headers=headers, timeout=60), orders))


def on(first: int) -> list[list[object]]:
    return [["vehicle_id", "=", 1], ["date_from", "=", str(ahead(first))]]
