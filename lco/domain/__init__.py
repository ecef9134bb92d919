"""The terms of the shop as plain values: vehicles, bookings, quotes, money, days and opening hours.

Frozen dataclasses without I/O and without a clock. Field names of Odoo, HTTP and the database do not belong here.
"""
