"""The Flask extensions, unbound; `create_app` binds them."""

import re
import shutil
from pathlib import Path
from typing import Any, cast

from flask import current_app
from flask_caching import Cache
from flask_caching.backends import FileSystemCache
from flask_limiter import Limiter

from lco.services import Services
from lco.web.clients import client_address

OLD_FOLDER = re.compile(r"[0-9a-f]{12}", re.ASCII)

cache = Cache()
limiter = Limiter(key_func=client_address, strategy="moving-window")


class DiskBackend:
    """The file cache as a backend of the cache of answers. Its folder is made again when it was removed."""

    def __init__(self, cache: FileSystemCache, folder: Path) -> None:
        self._cache = cache
        self._folder = folder

    def get(self, key: str) -> Any:
        """Return the value of `key`, or None."""
        return self._cache.get(key)

    def set(self, key: str, value: Any, timeout: int | None = None) -> bool:
        """Store `value` for `timeout` seconds, 0 for ever. Raises OSError when it cannot be stored."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._cache.set(key, value, timeout=timeout):
            raise OSError(f"{self._folder} cannot be written")
        return True


def remove_old_folders(cache_dir: Path) -> None:
    """Remove the folders that earlier versions of the site have left in `cache_dir`, each named by its version."""
    for folder in cache_dir.glob("*"):
        if OLD_FOLDER.fullmatch(folder.name) and folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)


def current_services() -> Services:
    """The services of the running application."""
    return cast("Services", current_app.extensions["lco"])
