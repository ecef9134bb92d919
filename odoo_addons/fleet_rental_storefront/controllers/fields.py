"""What may come in over the REST API: each function gives a checked value, or raises Refusal with the field."""

import hashlib
import json
import re
from datetime import date

from odoo.exceptions import UserError
from odoo.http import request
from odoo.tools.mail import email_normalize

from ..exceptions import Refusal

LONGEST_LINE = 200
LONGEST_TEXT = 5000
LARGEST_ID = 2**31 - 1
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def json_object():
    """The JSON object in the body of the request."""
    try:
        body = request.get_json_data()
    except (ValueError, UserError, RecursionError) as error:
        raise Refusal(request.env._("The body is not JSON.")) from error
    if not isinstance(body, dict):
        raise Refusal(request.env._("The body is not a JSON object."))
    check_texts(body)
    return body


def check_texts(value, name="value"):
    """Raises Refusal for a text, however deep in lists and objects, that PostgreSQL cannot store."""
    if isinstance(value, str) and UNSTORABLE.search(value):
        raise Refusal(request.env._("%s: there are characters in it that are no text.", ascii(name)[1:-1]))
    if isinstance(value, dict):
        for key, inner in value.items():
            check_texts(key)
            check_texts(inner, key)
    if isinstance(value, list):
        for inner in value:
            check_texts(inner, name)


def idempotency(asked, *, required=False):
    """The Idempotency-Key, and a digest that tells this request from others under that key; or None twice."""
    key = request.httprequest.headers.get("Idempotency-Key")
    if not key:
        if required:
            raise Refusal(request.env._("Idempotency-Key: this header is needed."))
        return None, None
    if len(key) > LONGEST_LINE or UNSTORABLE.search(key):
        raise Refusal(request.env._("Idempotency-Key: at most %s characters are taken.", LONGEST_LINE))
    body = json.dumps([request.httprequest.path, asked], sort_keys=True).encode()
    return key, hashlib.sha256(body).hexdigest()


def day(values, name, *, required=True):
    """A date as YYYY-MM-DD."""
    value = values.get(name)
    if not required and not value:
        return None
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise Refusal(request.env._("%s: a date like 2024-01-15 is needed.", name))
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Refusal(
            request.env._("%(name)s: %(value)s is no day of the calendar.", name=name, value=value)
        ) from error


def number(values, name, *, default=None, least=0, most=LARGEST_ID):
    """A whole number, as a number or in digits."""
    value = values.get(name, default)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= len(str(LARGEST_ID)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refusal(
            request.env._(
                "%(name)s: a whole number from %(least)s to %(most)s is needed.", name=name, least=least, most=most
            )
        )
    return value


def amount(values, name):
    """An amount of money that may be missing."""
    value = values.get(name)
    if value in {None, ""}:
        return None
    try:
        parsed = float(value)
    except (TypeError, ValueError) as error:
        raise Refusal(request.env._("%s: a number is needed.", name)) from error
    if not 0 <= parsed < float("inf"):
        raise Refusal(request.env._("%s: a number that is not negative is needed.", name))
    return parsed


def text(values, name, *, required=False, longest=LONGEST_LINE):
    value = values.get(name)
    if value is None or value is False:
        value = ""
    if not isinstance(value, str) or len(value) > longest:
        raise Refusal(
            request.env._(
                "%(name)s: a text of at most %(longest)s characters is needed.", name=name, longest=longest
            )
        )
    if required and not value.strip():
        raise Refusal(request.env._("%s: this field is needed.", name))
    return value.strip()


def choice(values, name, allowed, default=None):
    value = values.get(name) or default
    if value is not None and (not isinstance(value, str) or value not in allowed):
        raise Refusal(
            request.env._("%(name)s: one of %(allowed)s is needed.", name=name, allowed=", ".join(allowed))
        )
    return value


def email(values, name):
    address = email_normalize(text(values, name, required=True), strict=True)
    if not address or "." not in address.rpartition("@")[2]:
        raise Refusal(request.env._("%s: a mail address is needed.", name))
    return address


def flag(values, name):
    return str(values.get(name, "")).lower() in {"1", "true", "yes", "on"}
