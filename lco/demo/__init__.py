"""A small Odoo of our own: the same wire format as the real one, in a process that may be killed at any time.

Here belong both versions of the contract from Odoo's side, the control page, and the faults for tests. The site
never imports it, and it imports only `lco.clock` of the site: they share the contract (docs/odoo-contract.md) and
no other code. State is in memory and lasts as long as the process.
"""
