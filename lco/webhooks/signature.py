"""Whether a webhook really comes from Odoo: its two signatures. Pure, so easy to check.

Source: docs/odoo-contract.md, section 2.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from lco.errors import Unauthorized
from lco.settings import BASE64_SECRET

WINDOW = timedelta(minutes=5)
LONGEST_ID = 200

ID, TIMESTAMP, SIGNATURE = STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature")
PLAIN = "x-webhook-signature"


def verify(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime, *, plain_form: bool = True
) -> str | None:
    """The id of the delivery, or None when it is signed in the plain form, which has none.

    `body` is the raw one as it came, `headers` may be written in any case, any of `secrets` may have signed.
    Without `plain_form` only the standard form counts: a recorded delivery whose standard headers were left out is
    refused.
    Standard Webhooks 1.0.0 counts as soon as one of its headers is there: a wrong one is not saved by a good
    plain signature, or a recorded plain one would open what the standard's time and id keep shut.
    Raises Unauthorized.
    """
    given = {name.lower(): value for name, value in headers.items()}
    if not any(name in given for name in STANDARD):
        if not plain_form:
            raise Unauthorized("The webhook has no webhook-id, webhook-timestamp and webhook-signature.")
        _plain(secrets, given.get(PLAIN, ""), body)
        return None
    delivery_id, timestamp, signatures = (given.get(name, "") for name in STANDARD)
    if not (_is_plain_text(delivery_id) and len(delivery_id) <= LONGEST_ID):
        raise Unauthorized("The webhook-id is missing or is none.")
    if not _is_recent(timestamp, now):
        raise Unauthorized("The webhook-timestamp is missing, or too far from our clock.")
    _standard(secrets, delivery_id, timestamp, signatures, body)
    return delivery_id


def sign(secret: str, delivery_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of the standard form for `body`, sent at `at`."""
    timestamp = str(int(at.timestamp()))
    return dict(
        zip(STANDARD, (delivery_id, timestamp, _expected(secret, delivery_id, timestamp, body)), strict=True)
    )


def sign_plain(secret: str, body: bytes) -> dict[str, str]:
    """The one header of the plain form for `body`."""
    return {"X-Webhook-Signature": hmac.digest(secret.encode(), body, "sha256").hex()}


def _standard(secrets: Sequence[str], delivery_id: str, timestamp: str, signatures: str, body: bytes) -> None:
    expected = [_expected(secret, delivery_id, timestamp, body) for secret in secrets]
    if not _any_equal(expected, [word for word in signatures.split() if word.startswith("v1,")]):
        raise Unauthorized


def _plain(secrets: Sequence[str], signature: str, body: bytes) -> None:
    expected = [hmac.digest(secret.encode(), body, "sha256").hex() for secret in secrets]
    if not _any_equal(expected, [signature.strip().lower().removeprefix("sha256=")]):
        raise Unauthorized


def _expected(secret: str, delivery_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()


def _key(secret: str) -> bytes:
    """The bytes behind `whsec_`, where they are base64 of anything; else the bytes of the secret as it stands."""
    if secret.startswith(BASE64_SECRET):
        try:
            decoded = base64.b64decode(secret.removeprefix(BASE64_SECRET), validate=True)
        except binascii.Error:
            decoded = b""
        # With an empty key, any client could sign.
        return decoded or secret.encode()
    return secret.encode()


def _is_plain_text(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable()


def _is_recent(timestamp: str, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 11):  # noqa: PLR2004 - until the year 5138
        return False
    return abs(now - datetime.fromtimestamp(int(timestamp), UTC)) <= WINDOW


def _any_equal(expected: Sequence[str], given: Sequence[str]) -> bool:
    """Whether the two lists meet; how nearly two of them are equal cannot be told from the time it takes."""
    return any(hmac.compare_digest(ours.encode(), _bytes(theirs)) for ours in expected for theirs in given)


def _bytes(text: str) -> bytes:
    """`text` as bytes. A signature that is no valid text must not make the comparison fail."""
    return text.encode("utf-8", "surrogatepass")
