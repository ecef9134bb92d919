"""lco, a live rental storefront for Odoo."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from lco.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The site as a WSGI application; `settings` are those of the environment when none are given."""
    # Imported here, so that the demo Odoo, a process of its own, starts without loading the site.
    from lco.app import create_app as create

    return create(settings)
