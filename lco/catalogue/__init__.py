"""The vehicles for rent: the snapshot of Odoo's list, search in it, and keeping it right.

Webhooks, repeated readings and other processes change the snapshot; each difference goes to the change log. Free
and taken days of one vehicle belong to `lco.availability`, field names of Odoo to `lco.odoo`.
"""
