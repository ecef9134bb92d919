"""The site with a shorter way in: `gunicorn bench.fanout.appending:app`.

`POST /bench/prices` appends a new price of each of many vehicles to the change log, as a reading of Odoo's list
does that finds them. It is to the hub what publishing is to nchan: no signature, no database, no Odoo.
"""

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from wsgi import app

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/bench/prices"


class ShortWay:
    """The application, and in front of it the one address that leads straight to its change log."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        if environ["PATH_INFO"] != PATH:
            return self._application(environ, start_response)
        _append({int(vehicle): price for vehicle, price in json.loads(environ["wsgi.input"].read()).items()})
        start_response(f"{HTTPStatus.OK.value} {HTTPStatus.OK.phrase}", [("Content-Length", "0")])
        return []


def _append(prices: "Mapping[int, int]") -> None:
    services = app.extensions["lco"]
    vehicles = services.catalogue.vehicles().by_id
    for vehicle_id, price in prices.items():
        name = vehicles[vehicle_id].name
        data = {"vehicle_id": vehicle_id, "vehicle_name": name, "rental_price_daily": price, "currency": "USD"}
        services.changes.append(f"vehicle:{vehicle_id}", "price.updated", data)


app.wsgi_app = ShortWay(app.wsgi_app)  # type: ignore[method-assign]  # as Flask documents for middleware
