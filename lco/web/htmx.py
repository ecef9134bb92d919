"""What htmx says about a request, and what it is told in answers. Reading a header makes the answer vary by it."""

from typing import TYPE_CHECKING

from flask import Response, g, request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page. Restoring history needs the whole page again."""
    g.setdefault("varies_by", set()).update(("HX-Request", "HX-History-Restore-Request"))
    return is_for_fragment(request.environ)


def is_for_fragment(environ: "WSGIEnvironment") -> bool:
    """The same for those who stand in front of the application, and so before there is an answer to vary."""
    return environ.get("HTTP_HX_REQUEST") == "true" and environ.get("HTTP_HX_HISTORY_RESTORE_REQUEST") != "true"


def redirected(url: str) -> Response:
    """An answer upon which htmx loads `url` as a new page: it would follow a 303 itself and swap what comes."""
    return Response(status=204, headers={"HX-Redirect": url})


def announced(sentence: str, status: int) -> Response:
    """An answer that leaves the page as it is and puts `sentence` into its status line."""
    headers = {"HX-Retarget": "#announcement", "HX-Reswap": "textContent"}
    return Response(sentence, status=status, headers=headers, mimetype="text/plain")


def add_vary(response: Response) -> Response:
    response.vary.update(g.get("varies_by", ()))
    return response
