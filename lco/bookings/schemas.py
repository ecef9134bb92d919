"""The fields of a booking: read the same from the form and from JSON, with a sentence for each mistake."""

import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import phonenumbers
from email_validator import validate_email
from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate

from lco.availability.schemas import parse_date_range
from lco.domain.booking import KINDS, BookingRequest
from lco.domain.date_range import DateRange
from lco.domain.typed_text import clean, is_blank
from lco.errors import InvalidInput, sentences

REGION = "US"
"""The region of a phone number without a country code."""
LARGEST_VEHICLE_ID = 2**31 - 1
MOST_DIGITS = 10
JOINERS = re.compile("[\u200c\u200d]")
"""Names may need them, addresses and numbers never."""
REMARK = re.compile(
    r"\s*(?:\([^()0-9]*\)|\b(?:cell ?(?:phone)?|mobile|home|work|office|phone|mornings?|evenings?)\b\.?)\s*",
    re.IGNORECASE,
)
"""The words and signs that people write beside a phone number."""
NORTH_AMERICA = 1
NORTH_AMERICAN = re.compile("(?:[2-9](?!11)[0-9]{2}){2}[0-9]{4}")
"""Area code and exchange never begin with 0 or 1, nor are they codes like 911 (North American Numbering Plan)."""
NO_VEHICLE = "Choose a machine."
NO_NAME = "Enter your name."
NO_EMAIL = "Enter an email address like name@example.com."
NO_PHONE = "Enter a phone number with its area code, like 218-555-0142."
NO_KIND = "Choose an inquiry, a reservation or a test drive."
NO_TEXT = "Enter a text."
NO_DATES = {
    "date_from": ["Choose the first day of the rental."],
    "date_to": ["Choose the day you bring it back."],
}


def new_key() -> str:
    """An idempotency key that cannot be guessed."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class BookingForm:
    """The form as it is shown (again): what was typed, what is wrong with it, and the key of the next attempt."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, list[str]] = field(default_factory=dict)
    key: str = field(default_factory=new_key)
    conflict: bool = False
    message: str = ""
    """A sentence above the form, about all of it."""

    @classmethod
    def empty(cls) -> Self:
        """An empty form."""
        return cls()


def parse_booking(values: Mapping[str, object]) -> BookingRequest:
    """Return the request in `values`. Raises InvalidInput with sentences by field.

    Whether the machine can be rented on these days is for `lco.availability.rules` to say.
    """
    errors: dict[str, list[str]] = {}
    found: Mapping[str, Any] = {}
    try:
        found = BookingSchema().load(values)
    except ValidationError as error:
        errors |= sentences(error)
    try:
        days = _days(values)
    except InvalidInput as error:
        raise InvalidInput(errors | error.fields) from error
    if errors:
        raise InvalidInput(errors)
    return BookingRequest(days=days, **found)


def _days(values: Mapping[str, object]) -> DateRange:
    typed = {name: values.get(name) or "" for name in NO_DATES}
    days = parse_date_range({name: text if isinstance(text, str) else "?" for name, text in typed.items()})
    if days is None:
        raise InvalidInput(NO_DATES)
    return days


def _clean(value: object) -> object:
    return clean(value.replace("\r\n", "\n")) if isinstance(value, str) else value


def _visible(text: str) -> None:
    """Raises ValidationError for control characters and halves of characters: no keyboard types them."""
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in text):
        raise ValidationError("Remove special characters.")


def _readable(text: str) -> None:
    """Raises ValidationError for a text of which nothing can be seen."""
    if is_blank(text):
        raise ValidationError(NO_NAME)


def _visible_lines(text: str) -> None:
    _visible(text.replace("\n", "").replace("\t", ""))


class VehicleId(fields.Integer):
    """A whole number, in JSON or typed; 7.5 is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        is_typed = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS
        return super()._deserialize(int(value) if is_typed else value, attr, data, **kwargs)


class Email(fields.String):
    """An address with its domain in ASCII (RFC 5890), the one form for mails, calendar entries and Odoo.

    Whether it exists is not asked.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = JOINERS.sub("", super()._deserialize(value, attr, data, **kwargs))
        try:
            address = validate_email(text, check_deliverability=False)
        except ValueError as error:  # the library's own error is one, and so is that of half a character
            raise self.make_error("invalid") from error
        return f"{address.local_part}@{address.ascii_domain}"


class Phone(fields.String):
    """A number as E.164 (+12185550142), with its extension behind it where there is one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = REMARK.sub(" ", JOINERS.sub("", super()._deserialize(value, attr, data, **kwargs)))
        try:
            number = phonenumbers.parse(text, REGION)
        except phonenumbers.NumberParseException as error:
            raise self.make_error("invalid") from error
        if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
            raise self.make_error("invalid")
        digits = str(number.national_number)
        if number.country_code == NORTH_AMERICA and not NORTH_AMERICAN.fullmatch(digits):
            raise self.make_error("invalid")
        if len(set(digits)) == 1:  # 222-222-2222 is typed to get past the field
            raise self.make_error("invalid")
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return f"{written} ext. {number.extension}" if number.extension else written


def _sentence(sentence: str) -> dict[str, Any]:
    """`sentence` for everything that can be wrong with a field's presence and type."""
    return {"required": sentence, "invalid": sentence, "too_large": sentence}


def _text(key: str, longest: int, check: Callable[[str], None] = _visible) -> fields.String:
    """A text of at most `longest` characters that may be left out."""
    too_long = validate.Length(max=longest, error=f"Use at most {longest:,} characters.")
    return fields.String(
        data_key=key, load_default="", validate=[too_long, check], error_messages=_sentence(NO_TEXT)
    )


class BookingSchema(Schema):
    """The fields of docs/odoo-contract.md, section 1, but for the two dates."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    vehicle_id = VehicleId(
        required=True,
        strict=True,
        validate=validate.Range(1, LARGEST_VEHICLE_ID, error=NO_VEHICLE),
        error_messages=_sentence(NO_VEHICLE),
    )
    name = fields.String(
        data_key="customer_name",
        required=True,
        validate=[validate.Length(max=100, error="Use at most 100 characters."), _visible, _readable],
        error_messages=_sentence(NO_NAME),
    )
    email = Email(data_key="customer_email", required=True, error_messages=_sentence(NO_EMAIL))
    phone = Phone(data_key="customer_phone", required=True, error_messages=_sentence(NO_PHONE))
    kind = fields.String(
        data_key="booking_type",
        load_default="reservation",
        validate=validate.OneOf(KINDS, error=NO_KIND),
        error_messages=_sentence(NO_KIND),
    )
    pickup_location = _text("pickup_location", 200)
    return_location = _text("return_location", 200)
    message = _text("message", 2000, _visible_lines)

    @pre_load
    def _without_blanks(self, data: Mapping[str, object], **_: Any) -> dict[str, object]:
        """Drop blanks around a text and invisible characters in it, and leave out a text that is then empty."""
        cleaned = ((name, _clean(value)) for name, value in data.items())
        return {name: value for name, value in cleaned if value is not None and value != ""}
