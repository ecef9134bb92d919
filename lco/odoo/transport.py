"""HTTP to Odoo: time-outs, retries of reads, the breaker, and the envelope of answers.

Source: docs/odoo-contract.md, section 1.
"""

import json
import logging
import ssl
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, NamedTuple

import requests
import tenacity
from urllib3.exceptions import HTTPError, NewConnectionError

from lco import clock, metrics
from lco.errors import OdooError, OdooUnavailable
from lco.odoo import http_adapter
from lco.odoo.budget import payer
from lco.odoo.circuit_breaker import CircuitBreaker
from lco.odoo.diagnosis import reason
from lco.odoo.errors import (
    BookingInvalid,
    BookingMoved,
    CallUnknown,
    ChangeTooLate,
    DatesRefused,
    KeyRefused,
    KeyRequired,
    OdooLimits,
    OdooRefused,
    OutcomeUnknown,
    RecordDeleted,
    VehicleUnknown,
)
from lco.odoo.http_adapter import CONNECT_SECONDS

log = logging.getLogger(__name__)

READ_SECONDS = 4.0
READ_TOTAL_SECONDS = 8.0
WRITE_SECONDS = 10.0
LARGEST_ANSWER = 32 * 1024 * 1024
CHUNK = 64 * 1024

SUCCESS = {HTTPStatus.OK, HTTPStatus.CREATED}

REFUSALS: Mapping[int, type[OdooRefused]] = {
    400: BookingInvalid,
    403: KeyRequired,
    404: VehicleUnknown,
    409: DatesRefused,
    410: RecordDeleted,
}
NOT_NOW: Mapping[int, type[OdooUnavailable]] = {401: KeyRefused, 429: OdooLimits}
"""Refusals that say nothing about the request: the same one may be taken later."""
CODED: Mapping[tuple[int, object], type[OdooRefused]] = {
    (403, "too_late"): ChangeTooLate,
    (409, "version"): BookingMoved,
    (409, "state"): BookingMoved,
}
"""Refusals that their code sets apart from others of the same status (docs/odoo-contract.md, section 4.4)."""


class Response(NamedTuple):
    """An answer, read to its end."""

    status: int
    content_type: str
    content: bytes


class Transport:
    """One Odoo. Safe for many threads: the session is used for its connection pool only."""

    def __init__(self, base_url: str, api_key: str = "", breaker: CircuitBreaker | None = None) -> None:
        self.base_url = base_url
        self.breaker = breaker or CircuitBreaker()
        self.last_success: datetime | None = None
        self.last_failure = ""
        """The reason why Odoo was not reached the last time; empty after an answer."""
        self._headers = {"Accept": "application/json"} | ({"X-API-Key": api_key} if api_key else {})
        self._session = http_adapter.session()
        self._fresh = http_adapter.session(fresh=True)

    def read(self, call: str, method: str, path: str, *, optional: bool = False, **kwargs: Any) -> dict[str, Any]:
        """The JSON object that a safe call answers. Retried within READ_TOTAL_SECONDS, behind the breaker.

        Raises OdooUnavailable, OdooError for an answer that cannot be used, OdooRefused for a 4xx, and CallUnknown
        for an `optional` call that this Odoo does not have.
        """
        self.breaker.before_call()
        for attempt in self._attempts():
            with attempt:
                _spend()
                kwargs["headers"] = self._headers
                response = self._send(self._session, call, method, path, READ_SECONDS, **kwargs)
                if optional and _has_no_route(response):
                    # It says nothing about how Odoo is, so it does not count for the breaker.
                    metrics.odoo_calls.labels(call, "no such call").inc()
                    raise CallUnknown(upstream_status=response.status)
                return self._envelope(call, response)
        raise AssertionError("tenacity either returns or raises")

    def write(self, call: str, path: str, body: Mapping[str, object], key: str = "") -> dict[str, Any]:
        """The JSON object that a call with consequences answers. Sent once, never again; `key` names it to Odoo.

        Raises OdooUnavailable when Odoo has certainly not acted, OutcomeUnknown when it may have,
        and OdooRefused when it certainly said no.
        """
        headers = self._headers | ({"Idempotency-Key": key_header(key)} if key else {})
        # A fresh connection: one that was used before may have been closed by Odoo while it lay idle, and the
        # reset on its next use would leave the outcome unknown although nothing was ever read.
        try:
            response = self._send(self._fresh, call, "POST", path, WRITE_SECONDS, headers=headers, json=body)
            return self._envelope(call, response)
        except (OdooUnavailable, OdooRefused):
            raise
        except OdooError as error:
            raise OutcomeUnknown from error

    def fetch(self, path: str) -> Response:
        """A file of Odoo's, without the API key, asked once. Raises OdooUnavailable, OdooError, VehicleUnknown."""
        self.breaker.before_call()
        _spend()
        response = self._send(self._session, "file", "GET", path, READ_SECONDS, headers={"Accept": "image/*"})
        if response.status == HTTPStatus.OK:
            self._settled("file", "ok")
            return response
        raise self._refusal("file", response, {})

    def _attempts(self) -> tenacity.Retrying:
        """Up to three tries, none begun too late to end within READ_TOTAL_SECONDS."""
        latest = READ_TOTAL_SECONDS - CONNECT_SECONDS - READ_SECONDS
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._is_worth_a_retry),
            stop=tenacity.stop_after_attempt(3) | tenacity.stop_before_delay(latest),
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=0.5),
            reraise=True,
        )

    def _is_worth_a_retry(self, error: BaseException) -> bool:
        """Not when Odoo has answered, and said no; and not behind an open breaker, whose probe is one try."""
        if isinstance(error, OdooRefused | KeyRefused | OdooLimits):
            return False
        return isinstance(error, OdooError) and not self.breaker.is_open

    def _send(
        self, session: requests.Session, call: str, method: str, path: str, seconds: float, **kwargs: Any
    ) -> Response:
        try:
            with session.request(
                method,
                self.base_url + path,
                timeout=(CONNECT_SECONDS, seconds),
                allow_redirects=False,
                stream=True,
                **kwargs,
            ) as response:
                content_type = response.headers.get("Content-Type", "")
                return Response(response.status_code, content_type, _content(response))
        except (requests.RequestException, HTTPError) as error:
            self.last_failure = reason(error)
            log.warning("odoo is not reached: %s", self.last_failure)
            raise self._failed(call, OdooUnavailable() if _never_sent(error) else OdooError()) from error

    def _envelope(self, call: str, response: Response) -> dict[str, Any]:
        payload = _object(response.content)
        if response.status in SUCCESS and payload and payload.get("success") is True:
            self._settled(call, "ok")
            return payload
        ours = payload is not None and payload.get("success") is False
        raise self._refusal(call, response, payload if ours else None)

    def _refusal(self, call: str, response: Response, payload: Mapping[str, Any] | None) -> OdooError:
        """The error for a response without success. One without our envelope comes from a proxy, not from Odoo."""
        if payload is not None and response.status in NOT_NOW:
            return self._failed(call, NOT_NOW[response.status]())
        code = _code(payload)
        refusal = CODED.get((response.status, code)) or REFUSALS.get(response.status)
        if refusal is None or payload is None:
            log.warning("odoo %s: an answer that cannot be used, status %d", call, response.status)
            return self._failed(call, OdooError())
        self._settled(call, f"refused {response.status}")
        return refusal(_sentence(payload), upstream_status=response.status, details=payload)

    def _settled(self, call: str, outcome: str) -> None:
        self.last_success = clock.now()
        self.last_failure = ""
        self.breaker.succeeded()
        metrics.odoo_calls.labels(call, outcome).inc()

    def _failed(self, call: str, error: OdooError) -> OdooError:
        self.breaker.failed()
        metrics.odoo_calls.labels(call, error.code).inc()
        return error


def key_header(key: str) -> str:
    """The text of Idempotency-Key, a string of RFC 8941 (draft-ietf-httpapi-idempotency-key-header-07, 2.1)."""
    return f'"{key}"'


def _spend() -> None:
    """Take a token of the client on whose behalf Odoo is called."""
    if client := payer():
        client.spend()


def _content(response: requests.Response) -> bytes:
    """The whole body; raises requests.ContentDecodingError for one that is far too large."""
    content = bytearray()
    # `read1` gives what has arrived; `iter_content` would wait for a whole chunk, however slowly it drips in.
    while chunk := response.raw.read1(CHUNK, decode_content=True):
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise requests.exceptions.ContentDecodingError("the answer does not end")
    return bytes(content)


def _never_sent(error: Exception) -> bool:
    """Whether `error` proves that nothing was sent: refused, no such host, no connection in time, bad certificate.

    Any other TLS error proves nothing, since it may as well come while the answer is read.
    """
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.InvalidURL):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    cause = reason.args[0] if isinstance(error, requests.exceptions.SSLError) and reason else None
    return isinstance(reason, NewConnectionError) or isinstance(cause, ssl.SSLCertVerificationError)


def _has_no_route(response: Response) -> bool:
    """Whether nothing is served at the address; the module itself says 404 in its envelope."""
    payload = _object(response.content) or {}
    return response.status == HTTPStatus.NOT_FOUND and payload.get("success") is not False


def _object(content: bytes) -> dict[str, Any] | None:
    """The JSON object in `content`, with exact decimals. Returns None when there is no such object."""
    try:
        payload = json.loads(content, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _code(payload: Mapping[str, Any] | None) -> str:
    code = (payload or {}).get("error")
    return code if isinstance(code, str) else ""


def _sentence(payload: Mapping[str, Any]) -> str | None:
    message = payload.get("message")
    return message if isinstance(message, str) and message else None
