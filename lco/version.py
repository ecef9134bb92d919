"""The text that distinguishes this version of the site from any other, for caches and ETags."""

from functools import cache
from hashlib import sha256
from pathlib import Path

PACKAGE = Path(__file__).parent
SHAPING = {".py", ".html", ".txt", ".css", ".js"}


@cache
def version() -> str:
    """A short digest of everything in the package that shapes a page or a stored answer."""
    digest = sha256()
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in SHAPING and "demo" not in path.parts:
            digest.update(path.relative_to(PACKAGE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
