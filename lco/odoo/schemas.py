"""The form of Odoo's answers, and their reading into domain objects.

Source: docs/odoo-contract.md, section 1.
"""

import logging
import re
import sys
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from math import isfinite
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import nh3
from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate, validates_schema

from lco import metrics
from lco.domain.booking import OdooBooking
from lco.domain.business_calendar import DAYS_A_WEEK, BusinessCalendar, OpeningHours
from lco.domain.colour import is_behind_white
from lco.domain.date_range import DateRange
from lco.domain.money import Money, to_price
from lco.domain.quote import Quote
from lco.domain.rental import Reason, ReasonCode
from lco.domain.storefront import Storefront
from lco.domain.typed_text import clean, is_blank, one_line, without_unprintable
from lco.domain.vehicle import Details, Feature, Picture, Rates, Status, Vehicle
from lco.errors import OdooError

log = logging.getLogger(__name__)

IMAGES = "/web/image/"
CODE = re.compile("[A-Z]{3}")
VERSION = re.compile(r"[0-9A-Za-z_.-]{1,64}", re.ASCII)
LIMITS = ("minimum_rental_days", "maximum_rental_days")
TAGS = {
    *("p", "div", "br", "hr", "blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd", "h3", "h4", "a"),
    *("strong", "em", "b", "i", "u", "s", "sub", "sup", "code"),
    *("table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"),
}
RENAMED_TAGS = (
    # The page has one h1, and an h2 above this text.
    (re.compile(r"<(/?)h[12]\b", re.IGNORECASE), r"<\1h3"),
    (re.compile(r"<(/?)h[56]\b", re.IGNORECASE), r"<\1h4"),
    # Other blocks become a plain one, so that the words at their borders stay apart.
    (
        re.compile(
            r"<(/?)(?:address|article|aside|center|details|dialog|dir|fieldset|figcaption|figure|footer|form|header|"
            r"hgroup|legend|listing|main|menu|nav|option|search|section|summary|xmp)\b",
            re.IGNORECASE,
        ),
        r"<\1div",
    ),
)


class OdooSchema(Schema):
    """The base. Unknown fields are ignored; `false`, where it is no flag, and a text of blanks mean empty."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    @pre_load
    def _drop_empty(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        flags = {name for name, known in self.fields.items() if isinstance(known, fields.Boolean)}
        return {k: v for k, v in data.items() if not _is_empty(v) and (v is not False or k in flags)}


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _amount() -> fields.Decimal:
    return fields.Decimal(load_default=None, allow_nan=False, validate=validate.Range(Decimal(0), Decimal(10**9)))


def _text() -> fields.String:
    return fields.String(load_default=None)


class Currency(fields.String):
    """An ISO 4217 code, in capitals."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code = _code(super()._deserialize(value, attr, data, **kwargs))
        if code is None:
            raise ValidationError("no code of a currency")
        return code


def currency_of_answer() -> fields.Function:
    """The currency of an answer. Returns None where it cannot be read: it is that of the vehicle then."""
    return fields.Function(deserialize=_code, load_default=None)


def _code(value: object) -> str | None:
    code = value.strip().upper() if isinstance(value, str) else ""
    return code if CODE.fullmatch(code) else None


def _number() -> fields.Integer:
    return fields.Integer(load_default=None, validate=validate.Range(0, 1_000))


def _days() -> fields.Integer:
    return fields.Integer(load_default=None, validate=validate.Range(0, 10_000))


def _year(value: object) -> int | None:
    """A year: a string in the published documents, a number in some clients.

    Returns None where it is no year, as in `2023-24`.
    """
    return int(str(value)) if re.fullmatch(r"(19|20)[0-9]{2}", str(value)) else None


def _status(value: object) -> Status:
    """The status, or UNKNOWN for a word that this version of the site does not know."""
    return Status(value) if isinstance(value, str) and value in set(Status) else Status.UNKNOWN


def _id(value: object) -> int:
    """The number, also as text. Raises ValidationError for what is none."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,10}", value):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValidationError("a whole number is needed")
    return value


def _name(value: object) -> str:
    """The text as it is shown. Raises ValidationError when nothing of it can be seen, or it is no text."""
    if not isinstance(value, str) or is_blank(value):
        raise ValidationError("a text is needed")
    return one_line(value)


def _listing_type(value: object) -> str:
    """The type, or the usual one for a word that this version of the site does not know."""
    return "sale" if value == "sale" else "both" if value == "both" else "rental"


class VehicleSchema(OdooSchema):
    """The short form. `minimum_rental_days` and `maximum_rental_days` are missing in version 1."""

    id = fields.Function(deserialize=_id, required=True)
    name = fields.Function(deserialize=_name, required=True)
    slug = _text()
    brand = _text()
    model = _text()
    year = fields.Function(deserialize=_year, load_default=None)
    category = _text()
    fuel_type = _text()
    seats = _number()
    doors = _number()
    sale_price = _amount()
    listing_type = fields.Function(deserialize=_listing_type, load_default="rental")
    availability_status = fields.Function(deserialize=_status, load_default=Status.AVAILABLE)
    rental_price_daily = _amount()
    rental_price_weekly = _amount()
    rental_price_monthly = _amount()
    currency = Currency(load_default=None)
    featured = fields.Boolean(load_default=False)
    short_description = _text()
    primary_image = _text()
    minimum_rental_days = _days()
    maximum_rental_days = _days()
    has_limits = fields.Boolean(load_default=False)

    @pre_load
    def _drop_empty(self, data: Any, **_: Any) -> Any:
        """Note also whether the data has limits at all, since an empty one means that there is none."""
        if not isinstance(data, Mapping):
            return data
        return {**super()._drop_empty(data), "has_limits": any(name in data for name in LIMITS)}


class FeatureSchema(OdooSchema):
    """One feature of a vehicle."""

    name = fields.Function(deserialize=_name, required=True)
    category = _text()


class ImageSchema(OdooSchema):
    """One picture of a vehicle."""

    url = fields.String(required=True)
    name = fields.String(load_default="")
    is_primary = fields.Boolean(load_default=False)


class DetailsSchema(VehicleSchema):
    """A vehicle in the long form."""

    full_description = _text()
    rental_terms = _text()
    specifications = fields.Dict(load_default=dict)
    features = fields.List(fields.Nested(FeatureSchema), load_default=list)
    images = fields.List(fields.Nested(ImageSchema), load_default=list)
    video_url = _text()
    virtual_tour_url = _text()


class ReasonSchema(OdooSchema):
    """One entry of `reasons` (docs/odoo-contract.md, section 4.2)."""

    code = fields.String(required=True)
    message = fields.String(load_default="")
    limit = fields.Integer(load_default=None)


class RangeSchema(OdooSchema):
    """A half-open range of days."""

    date_from = fields.Date(required=True)
    date_to = fields.Date(required=True)

    @validates_schema
    def _check_order(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["date_to"] <= data["date_from"]:
            raise ValidationError("a range ends after it begins")


class HoursSchema(OdooSchema):
    """Opening hours of one day, `HH:MM`."""

    opens = fields.Time(format="%H:%M", required=True)
    closes = fields.Time(format="%H:%M", required=True)


class ClosedSchema(OdooSchema):
    """One closed date and its reason."""

    date = fields.Date(required=True)
    reason = fields.String(load_default="")


class CalendarSchema(OdooSchema):
    """The answer of `GET calendar`."""

    weekdays = fields.List(
        fields.Nested(HoursSchema, allow_none=True), required=True, validate=validate.Length(equal=DAYS_A_WEEK)
    )
    closed = fields.List(fields.Nested(ClosedSchema), load_default=list)
    cut_off = fields.Time(format="%H:%M", load_default=None)
    lead_days = fields.Integer(load_default=0, validate=validate.Range(0, 3_660))
    horizon_days = fields.Integer(load_default=None, validate=validate.Range(0, 3_660))


class StorefrontSchema(OdooSchema):
    """The answer of `GET storefront`; every field may be missing."""

    name = fields.String(load_default="", validate=validate.Length(max=100))
    tagline = fields.String(load_default="", validate=validate.Length(max=200))
    logo = fields.String(load_default="")
    accent = fields.String(load_default="")
    about_html = fields.String(load_default="")
    terms_html = fields.String(load_default="")
    phone = fields.String(load_default="", validate=validate.Regexp(r"[+0-9A-Za-z ()./-]{1,40}\Z"))
    email = fields.Email(load_default="")
    street = fields.String(load_default="", validate=validate.Length(max=200))
    city = fields.String(load_default="", validate=validate.Length(max=200))
    map_url = fields.Url(load_default="", schemes={"https"})


class PaginationSchema(OdooSchema):
    """The extent of a list."""

    total = fields.Integer(load_default=None)
    has_more = fields.Boolean(load_default=False)


class AvailabilitySchema(OdooSchema):
    """The answer about days and their price."""

    available = fields.Boolean(required=True)
    estimated_price = _amount()
    currency = currency_of_answer()
    bookable = fields.Boolean(load_default=None)
    reasons = fields.List(fields.Nested(ReasonSchema), load_default=list)
    next_free = fields.Nested(RangeSchema, load_default=None)


class OdooBookingSchema(OdooSchema):
    """The answer to a booking."""

    booking_ref = fields.String(required=True, validate=validate.Length(min=1, max=100))
    booking_id = fields.Integer(load_default=None)
    message = fields.String(load_default="")
    estimated_price = _amount()
    currency = currency_of_answer()


class BusySchema(OdooSchema):
    """The days on which a vehicle cannot be had."""

    data = fields.List(fields.Nested(RangeSchema), required=True)


class BrandSchema(OdooSchema):
    """One brand."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class FiltersSchema(OdooSchema):
    """The values of filters."""

    brands = fields.List(fields.Nested(BrandSchema), load_default=list)


def load(schema: Schema, data: object) -> dict[str, Any]:
    """`data` as `schema` reads it. Raises OdooError: an answer that does not fit is an error of Odoo's."""
    try:
        result: dict[str, Any] = schema.load(data)  # type: ignore[arg-type]  # anything may come over the wire
    except ValidationError as error:
        log.warning("an answer of odoo's does not fit %s: %s", type(schema).__name__, error.messages)
        raise OdooError from error
    return result


def load_lenient(schema: Schema, data: object) -> dict[str, Any]:
    """Return `data` as `schema` reads it, without the optional fields and entries of lists that cannot be read.

    Raises ValidationError when a required field is missing or cannot be read.
    """
    try:
        result: dict[str, Any] = schema.load(data)  # type: ignore[arg-type]  # anything may come over the wire
    except ValidationError as error:
        if not isinstance(data, Mapping) or not isinstance(error.messages, dict):
            raise
        readable = _without_broken(schema, data, error.messages)
        metrics.odoo_calls.labels("vehicles", "unreadable field").inc()
        log.warning("a record of odoo's is shown without what cannot be read: %s", error.messages)
        result = schema.load(readable)
    return result


def _without_broken(schema: Schema, data: Mapping[str, Any], broken: Mapping[str, Any]) -> dict[str, Any]:
    """`data` without what is `broken`. Amounts in a currency that cannot be read are no amounts."""
    left_out = {name for name in broken if not getattr(schema.fields.get(name), "required", False)}
    if "currency" in left_out:
        left_out |= {name for name in data if "price" in name}
    readable = {name: value for name, value in data.items() if name not in left_out}
    for name in left_out:
        if isinstance(data.get(name), list) and isinstance(broken.get(name), Mapping):
            readable[name] = [entry for n, entry in enumerate(data[name]) if n not in broken[name]]
    return readable


def to_vehicle(data: Mapping[str, Any], base_url: str) -> Vehicle:
    """The vehicle in one validated short or long form."""
    return Vehicle(
        id=data["id"],
        name=data["name"],
        slug=data["slug"] or "",
        status=data["availability_status"],
        rates=to_rates(data),
        brand=_shared(data["brand"]),
        model=data["model"],
        year=data["year"],
        category=_shared(data["category"]),
        fuel_type=_shared(data["fuel_type"]),
        seats=data["seats"] or None,
        doors=data["doors"] or None,
        sale_price=_sale_price(data),
        featured=data["featured"],
        summary=data["short_description"],
        picture=to_picture(data["primary_image"], data["name"], base_url),
        minimum_days=(data["minimum_rental_days"] or 1) if data["has_limits"] else None,
        maximum_days=data["maximum_rental_days"] or None,
        currency=data["currency"],
    )


def _shared(word: str | None) -> str | None:
    """`word` as one object for all vehicles that have it, so that thousands are counted several times faster."""
    return sys.intern(word) if word else None


def to_rates(data: Mapping[str, Any]) -> Rates:
    """The three rates; one of 0 means that Odoo has none, not that the machine is free of charge."""
    names = ("rental_price_daily", "rental_price_weekly", "rental_price_monthly")
    return Rates(*(to_price(data[name], data["currency"]) for name in names))


def _sale_price(data: Mapping[str, Any]) -> Money | None:
    return to_price(data["sale_price"], data["currency"]) if data["listing_type"] == "both" else None


def to_details(data: Mapping[str, Any], base_url: str) -> Details:
    """Everything about one vehicle in its validated long form, with the HTML cleaned."""
    short = to_vehicle(data, base_url)
    return Details(
        vehicle=short,
        description_html=clean_html(data["full_description"]),
        terms_html=clean_html(data["rental_terms"]),
        specifications=_specifications(data["specifications"]),
        features=tuple(Feature(feature["name"], feature["category"]) for feature in data["features"]),
        pictures=_pictures(data["images"], short, base_url),
        video_url=_web(data["video_url"]),
        tour_url=_web(data["virtual_tour_url"]),
    )


def to_quote(data: Mapping[str, Any], vehicle_id: int, days: DateRange) -> Quote:
    """The quote in an answer about availability."""
    price = to_price(data["estimated_price"], data["currency"]) if data["available"] else None
    return Quote(
        vehicle_id,
        days,
        data["available"],
        price,
        bookable=data["bookable"],
        reasons=tuple(map(to_reason, data["reasons"])),
        next_free=_range(data["next_free"]) if data["next_free"] else None,
    )


def to_reason(data: Mapping[str, Any]) -> Reason:
    """One obstacle; OTHER, with Odoo's sentence, for a code that this version of the site does not know."""
    code = ReasonCode(data["code"]) if data["code"] in set(ReasonCode) else ReasonCode.OTHER
    return Reason(code, data["message"] or "These days cannot be booked.", data["limit"])


def _range(data: Mapping[str, Any]) -> DateRange:
    return DateRange(data["date_from"], data["date_to"])


def to_busy_ranges(data: Mapping[str, Any]) -> tuple[DateRange, ...]:
    """The ranges in which a vehicle cannot be had."""
    return tuple(map(_range, data["data"]))


def to_calendar(data: Mapping[str, Any]) -> BusinessCalendar:
    """The calendar of the business in its validated form."""
    return BusinessCalendar(
        weekdays=tuple(hours and OpeningHours(hours["opens"], hours["closes"]) for hours in data["weekdays"]),
        closed={entry["date"]: entry["reason"] for entry in data["closed"]},
        cut_off=data["cut_off"],
        lead_days=data["lead_days"],
        horizon_days=data["horizon_days"],
    )


def to_booking(data: Mapping[str, Any]) -> OdooBooking:
    """The booking in an answer to one."""
    total = to_price(data["estimated_price"], data["currency"])
    return OdooBooking(data["booking_ref"], data["booking_id"], data["message"], total)


def to_picture(url: str | None, caption: str, base_url: str) -> Picture | None:
    """A picture at Odoo, whichever host name Odoo believes to have.

    None for one that Odoo does not scale: the site could not serve it, and pages show no other pictures.
    """
    if not url:
        return None
    try:
        parts = urlsplit(urljoin(base_url, url))
    except ValueError:
        log.warning("odoo names a picture at an address that is none: %.100r", url)
        return None
    if parts.path.startswith(IMAGES):
        return Picture(base_url + parts.path, caption, sized=True, version=_version(parts.query))
    return None


def to_storefront(data: Mapping[str, Any], base_url: str) -> Storefront:
    """The storefront, with its HTML cleaned; a colour on which white text cannot be read is none."""
    accent = data["accent"]
    if accent and not is_behind_white(accent):
        log.warning("white text cannot be read on the accent of odoo's storefront: %.20r", accent)
        accent = ""
    logo = to_picture(data["logo"], data["name"], base_url)
    return Storefront(
        name=data["name"],
        tagline=data["tagline"],
        phone=data["phone"],
        email=data["email"],
        address=", ".join(part for part in (data["street"], data["city"]) if part),
        map_url=data["map_url"],
        accent=accent.lower(),
        about_html=clean_html(data["about_html"]),
        terms_html=clean_html(data["terms_html"]),
        logo=logo if logo and logo.sized else None,
    )


def _version(query: str) -> str:
    """The version of a picture: the parameter `unique` of its address, else all of its parameters."""
    version = dict(parse_qsl(query)).get("unique", query)
    return version if not version or VERSION.fullmatch(version) else sha256(version.encode()).hexdigest()[:16]


def clean_html(html: str | None) -> str:
    """HTML from Odoo's editor with everything but plain structure removed (untrusted, docs/odoo-contract.md).

    Templates print it as it is, so it has no characters that HTML may not hold.
    """
    text = without_unprintable(html or "")  # nh3 does not take halves of characters
    for pattern, replacement in RENAMED_TAGS:
        text = pattern.sub(replacement, text)
    cleaned = nh3.clean(
        text, tags=TAGS, attributes={"a": {"href"}}, url_schemes={"https", "http", "mailto", "tel"}
    )
    return without_unprintable(cleaned)  # nh3 writes references like &#1; as the characters themselves


def _pictures(images: list[Mapping[str, Any]], short: Vehicle, base_url: str) -> tuple[Picture, ...]:
    ordered = sorted(images, key=lambda image: not image["is_primary"])
    found = (to_picture(image["url"], image["name"] or short.name, base_url) for image in ordered)
    return tuple(p for p in found if p) or ((short.picture,) if short.picture else ())


def _label(name: object) -> str:
    """A key of Odoo's free specifications as people read it: `clearing_width` becomes `Clearing width`."""
    text = clean(str(name).replace("_", " "))
    return text[:1].upper() + text[1:]


def _specifications(values: Mapping[Any, Any]) -> tuple[tuple[str, str], ...]:
    """The names and values of what is specified; empty values are left out."""
    texts = ((_label(name), _specification(value)) for name, value in values.items())
    return tuple((name, text) for name, text in texts if name and text)


def _specification(value: object) -> str:
    """A value of Odoo's free specifications as people read it; an empty text for an empty value."""
    match value:
        case None | False:
            return ""
        case True:
            return "Yes"
        case Mapping():
            texts = ((_label(name), _specification(inner)) for name, inner in value.items())
            return ", ".join(f"{name}: {text}" for name, text in texts if text)
        case list():
            return ", ".join(filter(None, map(_specification, value)))
        case float() | Decimal():
            return f"{float(value):.12g}" if isfinite(value) else ""  # 1250.0 is 1250
        case _:
            text = clean(str(value))
            return "" if is_blank(text) else text


def _web(url: str | None) -> str | None:
    return url if url and url.startswith(("https://", "http://")) else None
