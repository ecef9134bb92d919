"""Finish responses: an ETag, 304 when the client has the body already, compression."""

import gzip
from functools import lru_cache

import brotli
from flask import Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

SMALLEST = 500
COMPRESSED = {
    "text/html",
    "text/plain",
    "text/calendar",
    "application/json",
    "application/xml",
    "application/ld+json",
}
PRIVATE = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""Headers of pages about one customer, and of those for staff."""
ON_FINALIZED = "lco.keep"
"""The key in the WSGI environment under which a middleware leaves a function that gets the finished response."""


def finalize(response: Response) -> Response:
    """Return the response, conditional and compressed where possible. Streams are left as they are."""
    if response.is_streamed or response.direct_passthrough:
        return response
    # A cache revalidates a response before it uses it again, unless the response says otherwise.
    response.headers.setdefault("Cache-Control", "no-cache")
    if request.method in {"GET", "HEAD"} and response.status_code == 200:  # noqa: PLR2004 - only whole answers
        response.add_etag(weak=True)  # weak, because the same page may leave in different encodings
        if keep := request.environ.get(ON_FINALIZED):
            keep(_compressed(response))  # before it turns into a 304, which is of no use to others
        response.make_conditional(request)
    return _compressed(response)


@lru_cache(maxsize=256)
def best_encoding(accepted: str) -> str:
    """Return `br`, `gzip` or `identity`: the best for this Accept-Encoding (RFC 9110, 12.5.3)."""
    wanted = parse_accept_header(accepted, Accept)
    return wanted.best_match(["br", "gzip", "identity"], "identity")


def _compressed(response: Response) -> Response:
    if response.mimetype not in COMPRESSED:
        return response
    response.vary.add("Accept-Encoding")  # also on a 304 (RFC 9110, 15.4.5), which has no body to compress
    body = b"" if response.status_code == 304 else response.get_data()  # noqa: PLR2004 - not modified
    encoding = best_encoding(request.headers.get("Accept-Encoding", ""))
    if len(body) >= SMALLEST and encoding != "identity" and "Content-Encoding" not in response.headers:
        small = brotli.compress(body, quality=5) if encoding == "br" else gzip.compress(body, 6, mtime=0)
        response.set_data(small)
        response.headers["Content-Encoding"] = encoding
    return response
