"""What version 2 of the contract adds to the open calls (contract section 4)."""

import pytest

MIXER, SKID_STEER = 12, 2


def test_the_version_is_told_and_unknown_in_version_1(odoo):
    data = odoo.get("/api/fleet/version").json["data"]
    assert (data["contract"], data["timezone"], data["key"]) == (2, "America/Chicago", "none")
    odoo.post("/demo/settings", json={"contract": 1})
    assert odoo.get("/api/fleet/version").status_code == 404


def test_a_rental_that_is_too_short_is_not_bookable_and_says_why(odoo, day):
    asked = {"vehicle_id": SKID_STEER, "date_from": day(30), "date_to": day(31)}
    answer = odoo.post("/api/fleet/availability", json=asked).json
    assert (answer["bookable"], answer["next_free"]) == (False, None)
    assert [(reason["code"], reason["limit"]) for reason in answer["reasons"]] == [("too_short", 2)]


@pytest.mark.parametrize(
    "path", ["version", "calendar", "storefront", "changes", "bookings", "booking/BK-1", "booking"]
)
def test_every_call_of_version_2_is_unknown_in_version_1(odoo, path):
    odoo.post("/demo/settings", json={"contract": 1, "api_key": "key"})
    assert odoo.get(f"/api/fleet/{path}", headers={"X-API-Key": "key"}).status_code == 404
