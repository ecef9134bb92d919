"""Webhooks of Odoo: their signatures, the form of their events, and the inbox that stores and applies each once.

HTTP does not belong here, and neither does the meaning of an event: the catalogue and the bookings decide that.
"""
