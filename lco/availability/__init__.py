"""Whether a vehicle can be rented on given days: rules, quotes, calendars, alternatives and presets.

`rules` is the one place that decides. Bookings themselves belong to `lco.bookings`, the list to `lco.catalogue`.
"""
