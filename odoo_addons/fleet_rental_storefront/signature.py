"""The signature of a webhook, in the form that Settings names (docs/odoo-contract.md, section 2)."""

import base64
import binascii
import hashlib
import hmac

STANDARD_PREFIX = "whsec_"
FORMS = [("standard", "Standard Webhooks"), ("plain", "X-Webhook-Signature")]
SHORTEST_KEY = 16  # bytes


class SignatureError(Exception):
    """Nothing can be signed with this secret; the message says why."""


def signature_headers(form, secret, message_id, timestamp, body):
    """The headers that sign `body` (bytes): Standard Webhooks 1.0.0 unless the form is `plain`.

    Raises SignatureError.
    """
    key = signing_key(secret)
    if form == "plain":
        return {"X-Webhook-Signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode(),
    }


def signing_key(secret):
    """The bytes that a secret stands for; after `whsec_` it is base64. Raises SignatureError."""
    if not secret:
        raise SignatureError("No webhook secret is set")
    encoded = secret.removeprefix(STANDARD_PREFIX)
    if encoded == secret:
        return secret.encode()
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureError("What follows whsec_ in the webhook secret is not base64") from error
    if len(key) < SHORTEST_KEY:
        raise SignatureError(f"What follows whsec_ in the webhook secret is shorter than {SHORTEST_KEY} bytes")
    return key
