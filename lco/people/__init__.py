"""Export and erasure of the records about one customer, in all tables.

Here belong the search for a customer by mail address or booking, the export, and the erasure on request and after
KEEP_CUSTOMERS_DAYS. Other changes of these rows belong to the packages that own them. The commands are in
`lco.cli`.
"""
