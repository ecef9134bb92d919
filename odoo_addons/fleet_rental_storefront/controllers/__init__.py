from . import bookings, business, changes, desk, dispatcher, unknown, vehicles
