from . import bookings, business, changes, dispatcher, unknown, vehicles
