"""HTTP: each blueprint parses, calls one service and renders."""

from typing import cast

from flask import current_app

from lco.shop import Shop


def shop() -> Shop:
    """The services of the running application."""
    return cast("Shop", current_app.extensions["lco"])
