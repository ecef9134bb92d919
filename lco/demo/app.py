"""The demo Odoo as one WSGI application, put together from its parts."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import Flask

from lco import clock
from lco.demo.api import fleet_api
from lco.demo.calls import CallCount
from lco.demo.control import controls
from lco.demo.faults import FaultSwitch, FaultyApi
from lco.demo.inventory import Inventory
from lco.demo.pictures import image_pages
from lco.demo.webhooks import Patience, Sender


@dataclass(frozen=True)
class DemoSettings:
    """How this demo is set up: where webhooks go and how they are signed, its time zone, its size.

    With `busy` it has the call for busy days, as our module does and the contract does not.
    """

    site: str = "http://127.0.0.1:8000"
    secret: str = "demo-secret"  # noqa: S105 - known to everybody on purpose
    zone: ZoneInfo = ZoneInfo("America/Chicago")
    extra_vehicles: int = 0
    webhooks: bool = True
    busy: bool = False
    patience: Patience = Patience()


def create_demo(settings: DemoSettings | None = None) -> Flask:
    """The application. Its webhook sender, at `app.extensions["webhooks"]`, is a thread that `close()` ends.

    Raises binascii.Error when a secret that starts with `whsec_` does not go on in base64.
    """
    settings = settings or DemoSettings()
    sender = Sender(settings.site, settings.secret, settings.patience, enabled=settings.webhooks)
    inventory = Inventory(lambda: clock.today(settings.zone), sender.publish, settings.extra_vehicles)
    switch = FaultSwitch()
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it, the base class does not
    app.extensions["webhooks"] = sender
    calls = CallCount(FaultyApi(app.wsgi_app, switch))
    app.register_blueprint(fleet_api(inventory, busy=settings.busy))
    app.register_blueprint(image_pages(inventory))
    app.register_blueprint(controls(inventory, sender, switch, calls))
    app.wsgi_app = calls  # type: ignore[method-assign] # the way Flask documents for adding a WSGI layer
    return app
