"""One question to Odoo past the breaker and the retries, with the reason when no answer comes."""

import socket
import ssl
from typing import NamedTuple

import requests

from lco.odoo import http_adapter

SECONDS = 6.0
LONGEST_TEXT = 200_000


class ProbeResult(NamedTuple):
    """The response. `failure` says why there is none; `status` is then 0."""

    status: int = 0
    text: str = ""
    failure: str = ""


def ask(base_url: str, path: str, api_key: str = "") -> ProbeResult:
    """Odoo's answer to `GET path`, within about SECONDS. Raises nothing."""
    headers = {"Accept": "application/json"} | ({"X-API-Key": api_key} if api_key else {})
    try:
        with http_adapter.session() as session:
            response = session.get(base_url + path, headers=headers, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return ProbeResult(failure=reason(error))
    if response.is_redirect:
        return ProbeResult(failure=f"it leads elsewhere, to {response.headers.get('Location')}")
    return ProbeResult(response.status_code, response.text[:LONGEST_TEXT])


def reason(error: BaseException) -> str:
    """The reason why a server was not reached: its name, its certificate, refused, or slow."""
    chain = list(_causes(error))
    for kind, sentence in REASONS:
        if found := next((one for one in chain if isinstance(one, kind)), None):
            return sentence.format(getattr(found, "verify_message", found))
    return f"it cannot be reached ({type(error).__name__})"


REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not trusted ({0})"),
    (ssl.SSLError, "it does not speak TLS as expected"),
    (socket.gaierror, "its name cannot be resolved"),
    (ConnectionRefusedError, "it refuses the connection"),
    (requests.Timeout, "it does not answer in time"),
    (TimeoutError, "it does not answer in time"),
)


def _causes(error: BaseException) -> list[BaseException]:
    """`error` and all errors behind it: causes, contexts, and those that libraries pass as arguments."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return seen
