"""How finished answers leave: named by an ETag, 304 when the visitor has them already, compressed once."""

import gzip

import brotli
from flask import Response, request

SMALLEST = 500
COMPRESSED = {
    "text/html",
    "text/plain",
    "text/calendar",
    "application/json",
    "application/xml",
    "application/ld+json",
}


def finished(response: Response) -> Response:
    """The answer, conditional and compressed where that is possible. Streams are left alone."""
    if response.is_streamed or response.direct_passthrough:
        return response
    # Whoever keeps an answer asks whether it still holds before showing it again, unless it says otherwise.
    response.headers.setdefault("Cache-Control", "no-cache")
    if request.method in {"GET", "HEAD"} and response.status_code == 200:  # noqa: PLR2004 - only whole answers
        response.add_etag(weak=True)  # weak, because the same page may leave in different encodings
        response.make_conditional(request)
    return _compressed(response)


def _compressed(response: Response) -> Response:
    if response.mimetype not in COMPRESSED:
        return response
    response.vary.add("Accept-Encoding")  # also on a 304 (RFC 9110, 15.4.5), which has no body to compress
    body = b"" if response.status_code == 304 else response.get_data()  # noqa: PLR2004 - not modified
    encoding = request.accept_encodings.best_match(["br", "gzip", "identity"], "identity")
    if len(body) >= SMALLEST and encoding != "identity" and "Content-Encoding" not in response.headers:
        small = brotli.compress(body, quality=5) if encoding == "br" else gzip.compress(body, 6, mtime=0)
        response.set_data(small)
        response.headers["Content-Encoding"] = encoding
    return response
