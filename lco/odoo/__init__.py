"""Odoo over its REST API (docs/odoo-contract.md): the only package that knows the fields of its answers.

`client` has one method for each call, `schemas` turn JSON into domain values, `transport` has time-outs,
retries and the breaker. Nothing here stores or caches.
"""
