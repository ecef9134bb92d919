"""lco, a live rental storefront for Odoo.

The package itself holds `create_app` and the modules that every part uses: settings, errors, metrics, the clock,
locks, work in the background. Everything with a subject of its own has a package (docs/architecture.md). Server
code does not belong here: it is in `wsgi.py` and `gunicorn.conf.py`.
"""

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
