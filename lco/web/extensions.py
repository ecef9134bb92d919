"""The Flask extensions, unbound; `create_app` binds them."""

from typing import cast

from flask import current_app, request
from flask_caching import Cache
from flask_limiter import Limiter

from lco.services import Services


def client_address() -> str:
    """The address limits are counted for: the one that the outermost trusted proxy saw (`TRUSTED_PROXIES`)."""
    return request.remote_addr or "unknown"


cache = Cache()
limiter = Limiter(key_func=client_address, strategy="moving-window")


def current_services() -> Services:
    """The services of the running application."""
    return cast("Services", current_app.extensions["lco"])
