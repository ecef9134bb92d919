"""Bookings: placed once, followed through Odoo's events, recovered when left open, and settled by staff.

Here belong the states of a booking, its rows, its public announcements, its calendar file, and the schema of the
booking form. HTTP, templates and the sending of mails do not belong here; Odoo is called through `lco.odoo`.
"""
