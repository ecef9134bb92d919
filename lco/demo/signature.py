"""The signatures of a webhook: Odoo's own header, and the open standard beside it.

Source: docs/odoo-contract.md, section 2.
"""

import base64
import hashlib
import hmac

STANDARD_PREFIX = "whsec_"
PLAIN = "X-Webhook-Signature"


def headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Both signatures of `body` as request headers; `timestamp` is in seconds since 1970.

    `X-Webhook-Signature` is the hex HMAC-SHA256 of the body. The other three are those of Standard Webhooks
    (https://www.standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, in base64 after `v1,`.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    standard = base64.b64encode(hmac.digest(standard_key(secret), signed, hashlib.sha256)).decode()
    return {
        PLAIN: hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{standard}",
    }


def standard_key(secret: str) -> bytes:
    """The key of the standard form: base64 after `whsec_`, else the bytes of the secret itself.

    Raises binascii.Error when the rest after the prefix is not base64.
    """
    if secret.startswith(STANDARD_PREFIX):
        return base64.b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    return secret.encode()
