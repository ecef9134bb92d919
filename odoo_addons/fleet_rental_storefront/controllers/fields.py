"""What may come in over the REST API: each function gives a checked value, or raises Refusal with the field."""

import re
from datetime import date

from odoo.exceptions import UserError
from odoo.tools.mail import email_normalize

from ..exceptions import Refusal

LONGEST_LINE = 200
LONGEST_TEXT = 5000
LARGEST_ID = 2**31 - 1
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def json_object(request):
    """The JSON object in the body of the request."""
    try:
        body = request.get_json_data()
    except (ValueError, UserError, RecursionError) as error:
        raise Refusal("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Refusal("The body is not a JSON object.")
    return body


def day(values, name, *, required=True):
    """A date as YYYY-MM-DD."""
    value = values.get(name)
    if not required and not value:
        return None
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise Refusal(f"{name}: a date like 2024-01-15 is needed.")
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise Refusal(f"{name}: {value} is no day of the calendar.") from error


def number(values, name, *, default=None, least=0, most=LARGEST_ID):
    """A whole number, as a number or in digits."""
    value = values.get(name, default)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= len(str(LARGEST_ID)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Refusal(f"{name}: a whole number from {least} to {most} is needed.")
    return value


def amount(values, name):
    """An amount of money that may be missing."""
    value = values.get(name)
    if value in {None, ""}:
        return None
    try:
        parsed = float(value)
    except (TypeError, ValueError) as error:
        raise Refusal(f"{name}: a number is needed.") from error
    if not 0 <= parsed < float("inf"):
        raise Refusal(f"{name}: a number that is not negative is needed.")
    return parsed


def text(values, name, *, required=False, longest=LONGEST_LINE):
    value = values.get(name)
    if value is None or value is False:
        value = ""
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise Refusal(f"{name}: a text of at most {longest} characters is needed.")
    if required and not value.strip():
        raise Refusal(f"{name}: this field is needed.")
    return value.strip()


def choice(values, name, allowed, default=None):
    value = values.get(name) or default
    if value is not None and value not in allowed:
        raise Refusal(f"{name}: one of {', '.join(allowed)} is needed.")
    return value


def email(values, name):
    address = email_normalize(text(values, name, required=True), strict=True)
    if not address or "." not in address.rpartition("@")[2]:
        raise Refusal(f"{name}: a mail address is needed.")
    return address


def flag(values, name):
    return str(values.get(name, "")).lower() in {"1", "true", "yes", "on"}
