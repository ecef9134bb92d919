"""The Flask extensions, unbound; `create_app` binds them."""

from flask import request
from flask_caching import Cache
from flask_limiter import Limiter


def client_address() -> str:
    """The address limits are counted for: the one that the outermost trusted proxy saw (`TRUSTED_PROXIES`)."""
    return request.remote_addr or "unknown"


cache = Cache()
limiter = Limiter(key_func=client_address, strategy="moving-window")
