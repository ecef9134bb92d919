"""Request and response headers of htmx. Reading a request header adds it to Vary."""

from typing import TYPE_CHECKING

from flask import Response, g, request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page. Restoring history needs the whole page."""
    g.setdefault("varies_by", set()).update(("HX-Request", "HX-History-Restore-Request"))
    return is_for_fragment(request.environ)


def is_for_fragment(environ: "WSGIEnvironment") -> bool:
    """The same for middleware, which runs before there is a response to vary."""
    return environ.get("HTTP_HX_REQUEST") == "true" and environ.get("HTTP_HX_HISTORY_RESTORE_REQUEST") != "true"


def redirected(url: str) -> Response:
    """A response on which htmx loads `url` as a new page; a 303 would be followed and swapped into the page."""
    return Response(status=204, headers={"HX-Redirect": url})


def unpushed(html: str) -> Response:
    """A part of a page that is a step on the way, so that it makes no entry in the browser's history."""
    return Response(html, headers={"HX-Push-Url": "false"}, mimetype="text/html")


def announced(sentence: str, status: int) -> Response:
    """A response that leaves the page as it is and puts `sentence` into its status line."""
    headers = {"HX-Retarget": "#announcement", "HX-Reswap": "textContent"}
    return Response(sentence, status=status, headers=headers, mimetype="text/plain")


def add_vary(response: Response) -> Response:
    """Add the headers that were read to Vary (RFC 9110, 12.5.5)."""
    response.vary.update(g.get("varies_by", ()))
    return response
