"""The Flask extensions, unbound; `create_app` binds them."""

from typing import cast

from flask import current_app, request
from flask_caching import Cache
from flask_limiter import Limiter

from lco.services import Shop


def client_address() -> str:
    """The address limits are counted for: the one that the outermost trusted proxy saw (`TRUSTED_PROXIES`)."""
    return request.remote_addr or "unknown"


cache = Cache()
limiter = Limiter(key_func=client_address, strategy="moving-window")


def shop() -> Shop:
    """The services of the running application."""
    return cast("Shop", current_app.extensions["lco"])
