"""A catalogue and bookings that record their calls, with the interfaces that handlers need."""

import pytest

from lco.webhooks.handlers import Bookings, Catalogue


class CallLog:
    """What was called, in order, as tuples of the name and the values."""

    def __init__(self):
        self.calls = []
        self.fails = None

    def note(self, *call):
        if self.fails:
            raise self.fails
        self.calls.append(call)


class NotingCatalogue(CallLog, Catalogue):
    def status_changed(self, vehicle_id, status, back_on, data):
        self.note("status_changed", vehicle_id, status, back_on, data)

    def maintenance_changed(self, vehicle_id, *, in_maintenance, until):
        self.note("maintenance_changed", vehicle_id, in_maintenance, until)

    def price_changed(self, vehicle_id, rates):
        self.note("price_changed", vehicle_id, rates)

    def updated(self, vehicle_id):
        self.note("updated", vehicle_id)

    def added(self, vehicle_id):
        self.note("added", vehicle_id)

    def removed(self, vehicle_id):
        self.note("removed", vehicle_id)


class NotingBookings(CallLog, Bookings):
    def on_created(self, event):
        self.note("on_created", event)

    def on_changed(self, event):
        self.note("on_changed", event)


@pytest.fixture
def catalogue():
    return NotingCatalogue()


@pytest.fixture
def bookings():
    return NotingBookings()
