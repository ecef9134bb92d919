"""The pictures of Odoo's views in docs/images, taken of a real Odoo with some bookings in it."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

from tests import serving
from tests.browser import chromium
from tests.odoo.days_ahead import ahead
from tests.odoo.module_database import MODULE
from tests.odoo.odoo_package import PYTHON
from tests.odoo.odoo_server import BOOKING, RealOdoo

FOLDER = serving.ROOT / "docs/images"
# Odoo's own environment has Pillow, the site's has not.
TO_WEBP = "import io, sys; from PIL import Image; Image.open(io.BytesIO(sys.stdin.buffer.read())).convert('RGB')"
CUSTOMERS = [
    {"name": "Dana Whitfield", "email": "dana@maple-street.example", "phone": "+1 312 555 0142"},
    {"name": "Northside Grounds", "email": "office@northside.example", "phone": "+1 773 555 0117"},
    {"name": "Luis Ortega", "email": "luis@prairie-homes.example", "phone": "+1 847 555 0163"},
]
# vehicle, first day, days, customer, state
BOOKINGS = (
    (1, 1, 2, 0, "confirmed"),
    (2, 6, 7, 1, "confirmed"),
    (3, 3, 3, 1, "draft"),
    (5, 4, 1, 0, "draft"),
    (4, 0, 3, 2, "confirmed"),
    (7, -3, 3, 0, "picked_up"),
    (6, -2, 6, 2, "picked_up"),
    (10, -6, 4, 1, "picked_up"),
    (13, 2, 2, 0, "confirmed"),
    (15, 5, 2, 2, "draft"),
)
VIEWS = {
    "today": ("fleet_rental_today_action", ".o_rental_today .o_data_row"),
    "timeline": ("fleet_rental_timeline_action", ".o_rental_bar"),
    "bookings": ("fleet_rental_booking_action", ".o_list_view .o_data_row"),
    "booking-kanban": ("fleet_rental_booking_action?view_type=kanban", ".o_kanban_record"),
    "booking-calendar": ("fleet_rental_booking_action?view_type=calendar", ".fc-event"),
    "equipment": ("fleet_vehicle_action", ".o_kanban_record"),
    "equipment-list": ("fleet_vehicle_action?view_type=list", ".o_data_row"),
    "equipment-calendar": ("fleet_vehicle_action?view_type=calendar", ".fc-event"),
    "storefront": ("fleet_rental_storefront_action/1", ".o_form_view div[name=responsible_id]"),
    "webhooks": ("fleet_rental_event_action", ".o_data_row"),
    "settings": ("res_config_settings_action", ".o_setting_box"),
}


def take_pictures(odoo: RealOdoo) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    port = serving.free_port()
    odoo.send_webhooks_to(f"http://127.0.0.1:{port}")
    with TemporaryDirectory() as folder, serving.site(odoo.url, Path(folder), port=port):
        _fill(odoo)
        serving.wait_until(lambda: not odoo.deliveries(state="waiting"), "the site to get the webhook")
    with sync_playwright() as playwright, chromium.launched(playwright) as browser:
        page = browser.new_page(base_url=odoo.url, viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        log_in(page)
        odoo.call("fleet.rental.storefront", "action_new_icalendar", [1])
        for name, (action, shown) in VIEWS.items():
            _take(page, name, address(action), shown)
        _take_wizards(page)
        first = odoo.call(BOOKING, "search", domain=[["state", "=", "draft"]])[0]
        _take(page, "booking", address(f"fleet_rental_booking_action/{first}"), ".o_form_view .o_statusbar_status")
        _take(page, "vehicle", address("fleet_vehicle_action/6"), ".o_form_view .o_kanban_record img")


def _take_wizards(page: Page) -> None:
    """What the buttons of the first screen ask, and what a form says before it is saved."""
    page.goto(address("fleet_rental_today_action"))
    page.locator("div[name=back_ids]").get_by_role("button", name="Take back").click()
    page.locator(".modal").get_by_text("Damaged").click()
    _save(page, "return", ".modal div[name=maintenance_until]")
    page.goto(address("fleet_rental_today_action"))
    page.locator("div[name=to_confirm_ids]").get_by_role("button", name="Cancel").first.click()
    _save(page, "cancellation", ".modal div[name=reason]")
    page.goto(address("fleet_rental_booking_action/new"))
    page.locator("div[name=vehicle_id] input").click()
    page.keyboard.type("Skid")
    page.locator(".o-autocomplete--dropdown-item", has_text="Skid Steer").click()
    for field, days in (("date_from", 7), ("date_to", 9)):
        page.locator(f"div[name={field}] input").click()
        page.keyboard.type(ahead(days).strftime("%m/%d/%Y"))
        page.keyboard.press("Tab")
    _save(page, "conflict", "div[name=warning]")


def _fill(odoo: RealOdoo) -> None:
    odoo.change(11, rental_state="maintenance", maintenance_until=str(ahead(6)))
    partners = odoo.call("res.partner", "create", vals_list=CUSTOMERS)
    odoo.call(
        BOOKING,
        "create",
        vals_list=[
            {
                "vehicle_id": vehicle,
                "date_from": str(ahead(first)),
                "date_to": str(ahead(first + days)),
                "partner_id": partners[customer],
                "state": state,
            }
            for vehicle, first, days, customer, state in BOOKINGS
        ],
    )


def log_in(page: Page, login: str = "admin") -> None:
    """As a user whose password is the login."""
    page.goto("/web/login")
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill(login)
    page.locator("button[type=submit]").first.click()
    page.wait_for_selector(".o_main_navbar, .o_action_manager")


def address(action: str) -> str:
    """Where Odoo's web client shows an action of the module's."""
    return f"/odoo/action-{MODULE}.{action}"


def _take(page: Page, name: str, path: str, shown: str) -> None:
    page.goto(path)
    _save(page, name, shown)


def _save(page: Page, name: str, shown: str) -> None:
    page.locator(shown).first.wait_for()
    # Odoo keeps a connection open for notifications, so the network never falls silent.
    page.wait_for_function("document.fonts.status == 'loaded' && [...document.images].every((i) => i.complete)")
    command = [str(PYTHON), "-c", f"{TO_WEBP}.save(sys.argv[1], quality=70, method=6)"]
    subprocess.run([*command, str(FOLDER / f"odoo-{name}.webp")], input=page.screenshot(), check=True)
