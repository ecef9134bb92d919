"""The feed of changes, read at any time (docs/odoo-contract.md, section 4.3)."""

from datetime import datetime

import pytest

from tests.contract.factories import SKID_STEER, SNOW_BLOWER, ahead

FREE = ahead(60, 4)


def about(rows, ref) -> list[dict]:
    return [row for row in rows if row.get("booking_ref") == ref]


def test_without_a_cursor_it_is_the_newest_cursor_and_no_rows(odoo_2):
    odoo_2.booked(SNOW_BLOWER, FREE)
    page = odoo_2.get("changes").json()
    assert (page["data"], page["has_more"]) == ([], False)
    assert odoo_2.all_changes(page["next_cursor"]) == []


def test_every_step_of_a_booking_is_a_row_with_its_version(odoo_2):
    cursor = odoo_2.cursor()
    ref = odoo_2.booked(4, ahead(0, 3))
    odoo_2.staff.confirm(ref)
    odoo_2.staff.revise(ref, total_amount=99)
    odoo_2.staff.pick_up(ref)
    odoo_2.staff.take_back(ref)
    rows = about(odoo_2.all_changes(cursor), ref)
    assert [row["event_type"] for row in rows] == [
        *("booking.created", "booking.confirmed", "booking.modified", "booking.picked_up", "booking.returned"),
    ]
    first = rows[0]["version"]
    assert [row["version"] for row in rows] == list(range(first, first + 5))
    assert odoo_2.booking(ref)["version"] == rows[-1]["version"]
    assert all(row["kind"] == "booking" and row["deleted"] is False for row in rows)
    assert all(datetime.fromisoformat(row["at"]).tzinfo for row in rows)


def test_a_change_of_a_vehicle_is_a_row_with_its_version(odoo_2):
    cursor = odoo_2.cursor()
    odoo_2.staff.change_vehicle(SKID_STEER, rental_price_daily=461)
    (row,) = odoo_2.all_changes(cursor)
    assert (row["kind"], row["id"], row["event_type"]) == ("vehicle", SKID_STEER, "price.updated")
    assert row["version"] == odoo_2.data(f"vehicle/{SKID_STEER}")["version"]


def test_a_booking_changes_how_its_machine_stands(odoo_2):
    before = odoo_2.data(f"vehicle/{SNOW_BLOWER}")["version"]
    cursor = odoo_2.cursor()
    odoo_2.booked(SNOW_BLOWER, FREE)
    (row,) = (row for row in odoo_2.all_changes(cursor) if row["kind"] == "vehicle")
    assert (row["id"], row["event_type"]) == (SNOW_BLOWER, "vehicle.availability_changed")
    assert row["version"] == odoo_2.data(f"vehicle/{SNOW_BLOWER}")["version"] > before


def test_a_change_of_the_calendar_is_a_row(odoo_2):
    cursor = odoo_2.cursor()
    odoo_2.staff.set_calendar(closed={FREE.start: "Founders' day"})
    (row,) = odoo_2.all_changes(cursor)
    assert (row["kind"], row["event_type"]) == ("calendar", "calendar.updated")


def test_a_booking_of_a_retired_machine_still_has_rows(odoo_2):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.staff.retire(SNOW_BLOWER)
    cursor = odoo_2.cursor()
    odoo_2.staff.cancel(ref, "Stolen")
    assert [row["event_type"] for row in about(odoo_2.all_changes(cursor), ref)] == ["booking.cancelled"]


def test_a_retired_machine_is_a_row_that_says_deleted(odoo_2):
    cursor = odoo_2.cursor()
    odoo_2.staff.retire(SNOW_BLOWER)
    (row,) = (row for row in odoo_2.all_changes(cursor) if row["event_type"] == "vehicle.removed")
    assert (row["id"], row["deleted"]) == (SNOW_BLOWER, True)


def test_a_deleted_booking_is_a_row_marked_as_deleted(odoo_2):
    ref = odoo_2.booked(SNOW_BLOWER, FREE)
    odoo_2.staff.cancel(ref, "Rain")
    before = odoo_2.booking(ref)["version"]
    cursor = odoo_2.cursor()
    odoo_2.staff.delete(ref)
    (row,) = about(odoo_2.all_changes(cursor), ref)
    assert (row["deleted"], row["version"]) == (True, before + 1)


def test_rows_say_nothing_personal(odoo_2):
    cursor = odoo_2.cursor()
    odoo_2.staff.cancel(odoo_2.booked(SNOW_BLOWER, FREE), "Broken leg")
    text = odoo_2.get("changes", after=cursor).text
    assert all(word not in text for word in ("Ada", "contract@example.com", "2185550142", "Broken leg"))


def test_each_row_is_given_out_once_for_any_size_of_the_pages(odoo_2):
    cursor = odoo_2.cursor()
    for number in range(6):
        odoo_2.staff.confirm(odoo_2.booked(SNOW_BLOWER, ahead(60 + 5 * number, 4)))
    whole = odoo_2.get("changes", after=cursor).json()
    assert whole["has_more"] is False
    assert odoo_2.all_changes(cursor) == whole["data"]
    cursors = [row["cursor"] for row in whole["data"]]
    assert len(set(cursors)) == len(cursors)
    assert whole["next_cursor"] == cursors[-1]
    rest = odoo_2.get("changes", after=cursors[3]).json()["data"]
    assert rest == whole["data"][4:]


def test_a_cursor_of_another_epoch_has_expired(odoo_2):
    cursor = odoo_2.cursor()
    odoo_2.staff.restore_database()
    answer = odoo_2.get("changes", after=cursor)
    assert (answer.status_code, answer.json()["error"]) == (410, "cursor_expired")
    assert odoo_2.all_changes(odoo_2.cursor()) == []


@pytest.mark.parametrize("cursor", ["nonsense", "1", "a.b.c"])
def test_an_invalid_cursor_has_expired(odoo_2, cursor):
    assert odoo_2.get("changes", after=cursor).status_code == 410
