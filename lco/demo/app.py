"""The demo Odoo as one WSGI application, put together from its parts."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Flask
from werkzeug.exceptions import NotFound

from lco import clock
from lco.demo.access import Access
from lco.demo.api import fleet_api
from lco.demo.attempts import Attempts
from lco.demo.booking_api import booking_calls
from lco.demo.booking_service import BookingService
from lco.demo.business import Business
from lco.demo.calls import CallCount
from lco.demo.changes import ChangesFeed
from lco.demo.control import Parts, controls
from lco.demo.envelope import add_wording, unknown_call
from lco.demo.events import Event
from lco.demo.faults import FaultSwitch
from lco.demo.faulty_api import FaultyApi
from lco.demo.habits import Habits
from lco.demo.inventory import Inventory
from lco.demo.pictures import image_pages
from lco.demo.storefront_api import add_storefront_calls
from lco.demo.webhooks import Patience, Sender


@dataclass(frozen=True)
class DemoSettings:
    """The settings of a demo at its start: address and secret of the site, time zone, size.

    `contract` is the version that it speaks, 1 or 2. In version 1 it has the call for busy days only with `busy`.
    Without `api_key` no key is set in this Odoo.
    """

    site: str = "http://127.0.0.1:8000"
    secret: str = "demo-secret"  # noqa: S105 - published on purpose
    zone: ZoneInfo = ZoneInfo("America/Chicago")
    extra_vehicles: int = 0
    webhooks: bool = True
    contract: int = 2
    busy: bool = False
    api_key: str = ""
    patience: Patience = Patience()

    @property
    def business(self) -> Business:
        """The business that these settings describe."""
        return Business(contract=self.contract, busy=self.busy, api_key=self.api_key)


def create_demo(settings: DemoSettings | None = None) -> Flask:
    """The application. Its webhook sender, at `app.extensions["webhooks"]`, is a thread that `close()` ends.

    Raises binascii.Error when a secret that starts with `whsec_` does not go on in base64.
    """
    settings = settings or DemoSettings()
    switch, feed = FaultSwitch(), ChangesFeed()
    sender = Sender(settings.site, settings.secret, switch, settings.patience, enabled=settings.webhooks)

    def publish(event: Event, contract: int) -> None:
        feed.write(event)
        sender.publish(event, contract)

    zone = settings.zone
    inventory = Inventory(
        lambda: clock.now().astimezone(zone), publish, settings.extra_vehicles, settings.business
    )
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it, the base class does not
    app.extensions["webhooks"] = sender
    calls = CallCount(FaultyApi(app.wsgi_app, switch))
    bookings, attempts, access = BookingService(inventory), Attempts(inventory.lock), Access(inventory)
    fleet = fleet_api(inventory, bookings, attempts, access)
    add_storefront_calls(fleet, inventory)
    private = booking_calls(inventory, bookings, attempts, feed, access)
    for blueprint in (fleet, private):
        add_wording(blueprint, Habits(switch))
        app.register_blueprint(blueprint)
    app.register_error_handler(NotFound, unknown_call(switch))
    app.register_blueprint(image_pages(inventory))
    app.register_blueprint(controls(Parts(inventory, bookings, sender, switch, calls, feed, attempts, access)))
    app.wsgi_app = calls  # type: ignore[method-assign] # the way Flask documents for adding a WSGI layer
    return app
