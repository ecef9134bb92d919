"""A small Odoo of our own: the same wire format as the real one, in a process that may be killed at any time."""
