"""The Flask extensions, unbound; `create_app` binds them."""

from typing import cast

from flask import current_app
from flask_caching import Cache
from flask_limiter import Limiter

from lco.services import Services
from lco.web.clients import client_address

cache = Cache()
limiter = Limiter(key_func=client_address, strategy="moving-window")


def current_services() -> Services:
    """The services of the running application."""
    return cast("Services", current_app.extensions["lco"])
