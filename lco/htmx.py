"""What htmx says about a request, and what it is told in answers. Reading a header makes the answer vary by it."""

from flask import Response, g, request


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page. Restoring history needs the whole page again."""
    return _header("HX-Request") == "true" and _header("HX-History-Restore-Request") != "true"


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


def _header(name: str) -> str | None:
    g.setdefault("varies_by", set()).add(name)
    return request.headers.get(name)
