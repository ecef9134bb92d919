from . import bookings, business, changes, dispatcher, vehicles
