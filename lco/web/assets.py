"""Static files: named after their content, compressed once at start, served by WhiteNoise, cached for ever."""

import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from wsgiref.headers import Headers

import rjsmin
from flask import Flask, Response, send_from_directory
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

from lco.errors import NotFound
from lco.locks import temporary_folder

SOURCE = Path(__file__).parent.parent / "static"
OWN_SCRIPTS = SOURCE / "js"
PREFIX = "static/"
OTHER_VERSION = re.compile(r"(.+)\.[0-9a-f]{8}(\.[a-z0-9]+)")
LINK = re.compile(rb'url\("\.\./([^"]+)"\)')
"""A file that a style sheet names, relative to `static/css`."""
UNREAD = re.compile(rb"\s*/\*.*?\*/|^\s+|\s+$", re.DOTALL | re.MULTILINE)
"""The parts of a style sheet that no browser reads: comments, and blanks at both ends of a line."""


class Assets(NamedTuple):
    """The folder of named and compressed copies, and the URL of each source file by its path under static/."""

    folder: Path
    urls: Mapping[str, str]


@cache
def prepared() -> Assets:
    """The static files, made ready in a temporary folder, once for each process."""
    folder = temporary_folder("lco-static-")
    sources = [path for path in sorted(SOURCE.rglob("*")) if path.is_file()]
    sources.sort(key=lambda path: path.suffix == ".css")  # style sheets name other files, so they come last
    urls: dict[str, str] = {}
    for path in sources:
        urls[path.relative_to(SOURCE).as_posix()] = _prepare(path, folder, urls)
    return Assets(folder, urls)


def _prepare(source: Path, folder: Path, known: Mapping[str, str]) -> str:
    content = source.read_bytes()
    if source.suffix == ".css":
        content = LINK.sub(lambda link: f'url("{known[link[1].decode()]}")'.encode(), UNREAD.sub(b"", content))
    if OWN_SCRIPTS in source.parents:
        content = rjsmin.jsmin(content)
    digest = sha256(content).hexdigest()[:8]
    named = source.relative_to(SOURCE).with_name(f"{source.stem}.{digest}{source.suffix}")
    target = folder / named
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    compressor = Compressor(quiet=True)
    if compressor.should_compress(target.name):
        compressor.compress(str(target))
    return f"/{PREFIX}{named.as_posix()}"


def url(name: str) -> str:
    """The URL of `static/<name>`; KeyError for a file that does not exist, so that a typo fails in every test."""
    return prepared().urls[name]


def register(app: Flask, secure: Mapping[str, str]) -> None:
    """Serve static files with `secure` headers in front of the application; offer `static_url` to templates."""

    def add_headers(headers: Headers, _path: str, _url: str) -> None:
        for name, value in secure.items():
            headers[name] = value

    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]  # as Flask documents for middleware
        app.wsgi_app,
        root=str(prepared().folder),
        prefix=PREFIX,
        immutable_file_test=lambda _path, _url: True,
        allow_all_origins=False,
        add_headers_function=add_headers,
    )
    app.jinja_env.globals["static_url"] = url
    app.add_url_rule(f"/{PREFIX}<path:name>", "static", _present_version)


def _present_version(name: str) -> Response:
    """`GET /static/<name>`: the present version of a file whose name has the digest of another one; not cached.

    During a deploy, and from pages that are still open, browsers ask one release for files of the other.
    WhiteNoise has served the files of this release before. 404 for a file that this release does not have.
    """
    found = OTHER_VERSION.fullmatch(name)
    address = prepared().urls.get(f"{found[1]}{found[2]}") if found else None
    if address is None:
        raise NotFound
    response = send_from_directory(prepared().folder, address.removeprefix(f"/{PREFIX}"))
    response.headers["Cache-Control"] = "no-store"
    return response
