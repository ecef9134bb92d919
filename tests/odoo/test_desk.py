"""Ten tasks of the desk in Chromium, by a user of bookings: each in at most six clicks, from the first screen.

Typing and the Tab key are no clicks. A field that is reached otherwise than by Tab costs one.
"""

import base64
import re
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.odoo.days_ahead import ahead
from tests.odoo.odoo_screenshots import address
from tests.odoo.odoo_server import BOOKING, VEHICLE

MOST_CLICKS = 6
PNG = base64.b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Hands:
    """One user at the first screen, whose clicks are counted."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0
        page.goto(address("fleet_rental_today_action"))
        page.get_by_role("button", name="New booking").wait_for()

    def click(self, target: Locator) -> None:
        self.clicks += 1
        target.click()

    def press(self, name: str, within: Locator | None = None) -> None:
        self.click((within or self.page).get_by_role("button", name=name, exact=True).first)

    def menu(self, name: str) -> None:
        self.click(self.page.locator(".o_menu_sections").get_by_text(name, exact=True))

    def type_in(self, field: str, text: str) -> None:
        """A click into a field, and typing."""
        self.click(self.input(field))
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def tab_to(self, field: str, text: str) -> None:
        """By the Tab key to a field further on."""
        for _ in range(8):
            if self.input(field).evaluate("input => input === document.activeElement"):
                break
            self.page.keyboard.press("Tab")
        expect(self.input(field)).to_be_focused()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)

    def input(self, field: str) -> Locator:
        # Odoo has one input for the start of a range and the same kind of element for each other field.
        return (
            self.page.locator(f".modal div[name={field}] :is(input, textarea, button)")
            .or_(self.page.locator(f"body:not(:has(.modal)) div[name={field}] :is(input, textarea, button)"))
            .first
        )

    def row(self, text: str) -> Locator:
        return self.page.locator(".o_data_row", has_text=text)


@pytest.fixture
def hands(office):
    """A clerk at the first screen; after the task, at most six clicks were needed and Odoo showed no error."""
    one = Hands(office)
    yield one
    expect(office.locator(".o_error_dialog, .o_notification .text-danger")).to_have_count(0)
    assert 0 < one.clicks <= MOST_CLICKS


@pytest.fixture
def booked(odoo):
    """Make a booking for a customer of this name; gives its id and reference."""

    def book(name: str, vehicle_id: int, first: int, last: int, state: str = "draft") -> tuple[int, str]:
        (partner,) = odoo.call("res.partner", "create", vals_list=[{"name": name, "phone": "+1 312 555 0142"}])
        dates = {"date_from": str(ahead(first)), "date_to": str(ahead(last))}
        values = {"vehicle_id": vehicle_id, "partner_id": partner, "state": state, **dates}
        (made,) = odoo.call(BOOKING, "create", vals_list=[values])
        return made, read(odoo, made)["reference"]

    return book


def read(odoo, booking: int) -> dict:
    fields = ["reference", "state", "date_from", "date_to", "partner_id", "customer_phone", "cancellation_reason"]
    (values,) = odoo.call(
        BOOKING, "read", [booking], fields=[*fields, "return_condition", "return_note", "vehicle_id"]
    )
    return values


def typed(day: date) -> str:
    return day.strftime("%m/%d/%Y")


def test_a_new_customer_books_by_phone(hands, odoo):
    hands.press("New booking")
    expect(hands.input("vehicle_id")).to_be_focused()
    hands.page.keyboard.type("Sod")
    hands.click(hands.page.locator(".o-autocomplete--dropdown-item", has_text="Sod Cutter"))
    hands.tab_to("date_from", typed(ahead(20)))
    hands.tab_to("date_to", typed(ahead(22)))
    hands.type_in("partner_id", "Nora Lind")
    hands.click(hands.page.locator(".o-autocomplete--dropdown-item", has_text='Create "Nora Lind"'))
    hands.type_in("customer_phone", "+1 218 555 0188")
    hands.click(hands.page.locator(".o_form_button_save"))
    expect(hands.page.locator(".o_form_status_indicator_buttons")).to_have_class(re.compile("invisible"))
    (made,) = odoo.call(BOOKING, "search", domain=[["customer_name", "=", "Nora Lind"]])
    values = read(odoo, made)
    assert (values["date_from"], values["date_to"]) == (str(ahead(20)), str(ahead(22)))
    assert (values["partner_id"][1], values["customer_phone"]) == ("Nora Lind", "+1 218 555 0188")


def test_a_conflict_is_named_before_saving_with_the_next_free_days(hands, odoo, booked):
    _id, reference = booked("Dana Whitfield", 4, 10, 14, "confirmed")
    before = odoo.call(BOOKING, "search_count", domain=[])
    hands.press("New booking")
    machine = name_of(odoo, 4)
    hands.page.keyboard.type(machine)
    hands.click(hands.page.locator(".o-autocomplete--dropdown-item", has_text=machine).first)
    hands.tab_to("date_from", typed(ahead(12)))
    hands.tab_to("date_to", typed(ahead(15)))
    hands.page.keyboard.press("Tab")
    warning = hands.page.locator("div[name=warning]")
    expect(warning).to_contain_text(f"Taken by {reference} (Dana Whitfield)")
    expect(warning).to_contain_text(f"Next free days: {typed(ahead(14))} to {typed(ahead(17))}")
    assert odoo.call(BOOKING, "search_count", domain=[]) == before
    hands.click(hands.page.locator(".o_form_button_cancel"))


def test_a_booking_is_confirmed_from_the_first_screen(hands, odoo, booked):
    booking, reference = booked("Lena Wolf", 5, 3, 4)
    shown_again(hands, reference)
    hands.press("Confirm", hands.row(reference))
    expect(hands.row(reference)).to_have_count(0)
    assert read(odoo, booking)["state"] == "confirmed"


def test_a_machine_is_handed_out_from_the_first_screen(hands, odoo, booked):
    booking, reference = booked("Omar Haddad", 6, 0, 2, "confirmed")
    shown_again(hands, reference)
    hands.press("Hand out", hands.row(reference))
    expect(hands.row(reference)).to_have_count(0)
    assert read(odoo, booking)["state"] == "picked_up"


def test_a_machine_in_good_order_is_taken_back(hands, odoo, booked):
    booking, reference = booked("Greta Sand", 7, -2, 0, "picked_up")
    shown_again(hands, reference)
    hands.press("Take back", hands.row(reference))
    hands.press("Take back", hands.page.locator(".modal"))
    expect(hands.row(reference)).to_have_count(0)
    values = read(odoo, booking)
    assert (values["state"], values["return_condition"]) == ("returned", "good")


def test_a_damaged_machine_is_taken_back_with_a_photo_and_goes_into_maintenance(hands, odoo, booked):
    booking, reference = booked("Ivo Brandt", 8, -2, 0, "picked_up")
    shown_again(hands, reference)
    hands.press("Take back", hands.row(reference))
    hands.click(hands.page.locator(".modal").get_by_text("Damaged"))
    hands.type_in("maintenance_until", typed(ahead(5)))
    hands.type_in("note", "The chute is bent")
    hands.clicks += 1  # the button of the picture, which opens the browser's own dialog
    hands.page.locator(".modal input[type=file]").set_input_files(
        {"name": "chute.png", "mimeType": "image/png", "buffer": PNG}
    )
    expect(hands.page.locator(".modal div[name=photo] img")).to_have_attribute(
        "src", re.compile("^data:|/web/image")
    )
    hands.press("Take back", hands.page.locator(".modal"))
    expect(hands.row(reference)).to_have_count(0)
    values = read(odoo, booking)
    assert (values["state"], values["return_condition"]) == ("returned", "damaged")
    assert values["return_note"] == "The chute is bent"
    (vehicle,) = odoo.call(VEHICLE, "read", [8], fields=["rental_state", "maintenance_until"])
    assert (vehicle["rental_state"], vehicle["maintenance_until"]) == ("maintenance", str(ahead(5)))
    photo = [["res_model", "=", BOOKING], ["res_id", "=", booking]]
    assert odoo.call("ir.attachment", "search_count", domain=photo) == 1
    expect(hands.page.locator("div[name=maintenance_ids]")).to_contain_text(name_of(odoo, 8))


def test_a_booking_is_cancelled_with_a_reason(hands, odoo, booked):
    booking, reference = booked("Mia Koch", 9, 6, 8)
    shown_again(hands, reference)
    hands.press("Cancel", hands.row(reference))
    expect(hands.input("reason")).to_be_focused()
    hands.page.keyboard.type("The machine was stolen")
    hands.press("Cancel the booking")
    expect(hands.row(reference)).to_have_count(0)
    values = read(odoo, booking)
    assert (values["state"], values["cancellation_reason"]) == ("cancelled", "The machine was stolen")


def test_a_late_customer_is_found_with_his_number_and_his_rental_extended(hands, odoo, booked):
    booking, reference = booked("Pia Storm", 10, -5, -1, "picked_up")
    shown_again(hands, reference)
    late = hands.page.locator("div[name=overdue_ids]")
    expect(late).to_contain_text("+1 312 555 0142")
    hands.press("Open", hands.row(reference))
    hands.type_in("date_to", typed(ahead(2)))
    hands.click(hands.page.locator(".o_form_button_save"))
    expect(hands.page.locator(".o_form_status_indicator_buttons")).to_have_class(re.compile("invisible"))
    assert read(odoo, booking)["date_to"] == str(ahead(2))


def test_the_timeline_shows_which_machine_is_free_and_leads_to_it(hands, odoo, booked):
    _id, reference = booked("Tom Berg", 12, 4, 7, "confirmed")
    hands.menu("Timeline")
    row = hands.row(name_of(odoo, 12))
    bar = row.locator(".o_rental_confirmed")
    expect(bar).to_have_text("Tom Berg")
    assert reference in (bar.get_attribute("title") or "")
    assert bar.evaluate("bar => bar.style.getPropertyValue('--days').trim()") == "3"
    hands.click(row.locator("td[name=name]"))
    expect(hands.page.locator(".o_form_view")).to_be_visible()
    hands.click(hands.page.locator("button[name=action_rental_bookings]"))
    expect(hands.page.locator(".o_calendar_view")).to_be_visible()


def test_a_booking_is_dragged_to_other_days_and_keeps_its_length(hands, odoo, booked):
    first, last = ahead(2), ahead(3)
    booking, _reference = booked("Eva Lund", 14, 2, 3, "confirmed")
    hands.menu("Bookings")
    hands.click(hands.page.locator(".o_switch_view.o_calendar"))
    event = hands.page.locator(".fc-event", has_text="Eva Lund").first
    event.wait_for()
    hands.clicks += 1
    with hands.page.expect_response(re.compile("/write")):
        event.drag_to(hands.page.locator(f".fc-daygrid-day[data-date='{last}']"))
    values = read(odoo, booking)
    assert (values["date_from"], values["date_to"]) == (str(last), str(last + (last - first)))


def shown_again(hands: Hands, reference: str) -> None:
    """The first screen, with what was booked meanwhile."""
    hands.page.reload()
    hands.row(reference).wait_for()


def name_of(odoo, vehicle_id: int) -> str:
    (vehicle,) = odoo.call(VEHICLE, "read", [vehicle_id], fields=["name"])
    return vehicle["name"]
