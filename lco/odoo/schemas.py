"""What Odoo's answers must look like (contract section 1), and how they become the shop's own nouns."""

import logging
import re
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import nh3
from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate, validates_schema

from lco.domain.booking import OdooBooking
from lco.domain.date_range import DateRange
from lco.domain.money import DEFAULT_CURRENCY, Money
from lco.domain.quote import Quote
from lco.domain.vehicle import Details, Feature, Picture, Rates, Status, Vehicle
from lco.errors import OdooError

log = logging.getLogger(__name__)

IMAGES = "/web/image/"
VERSION = re.compile(r"[0-9A-Za-z_.-]{1,64}", re.ASCII)
TAGS = {
    "p",
    "br",
    "ul",
    "ol",
    "li",
    "strong",
    "em",
    "b",
    "i",
    "h3",
    "h4",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
}


class OdooSchema(Schema):
    """Unknown fields are ignored, and `false` in a field that is no flag means that it is empty, as does `""`."""

    class Meta:
        unknown = EXCLUDE

    @pre_load
    def _drop_empty(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        flags = {name for name, known in self.fields.items() if isinstance(known, fields.Boolean)}
        return {k: v for k, v in data.items() if v not in (None, "") and (v is not False or k in flags)}


def _amount() -> fields.Decimal:
    return fields.Decimal(load_default=None, allow_nan=False, validate=validate.Range(Decimal(0), Decimal(10**9)))


def _text() -> fields.String:
    return fields.String(load_default=None)


def _year(value: object) -> int | None:
    """A string in the published documents, a number in some clients; None where it is no year, as in `2023-24`."""
    return int(str(value)) if re.fullmatch(r"(19|20)[0-9]{2}", str(value)) else None


class VehicleSchema(OdooSchema):
    id = fields.Integer(required=True, strict=True)
    name = fields.String(required=True, validate=validate.Length(min=1))
    slug = _text()
    brand = _text()
    model = _text()
    year = fields.Function(deserialize=_year, load_default=None)
    category = _text()
    fuel_type = _text()
    seats = fields.Integer(load_default=None)
    doors = fields.Integer(load_default=None)
    sale_price = _amount()
    listing_type = fields.String(load_default="rental")
    availability_status = fields.Enum(Status, by_value=True, load_default=Status.AVAILABLE)
    rental_price_daily = _amount()
    rental_price_weekly = _amount()
    rental_price_monthly = _amount()
    currency = fields.String(load_default=DEFAULT_CURRENCY)
    featured = fields.Boolean(load_default=False)
    short_description = _text()
    primary_image = _text()


class FeatureSchema(OdooSchema):
    name = fields.String(required=True)
    category = _text()


class ImageSchema(OdooSchema):
    url = fields.String(required=True)
    name = fields.String(load_default="")
    is_primary = fields.Boolean(load_default=False)


class DetailsSchema(VehicleSchema):
    full_description = _text()
    rental_terms = _text()
    specifications = fields.Dict(load_default=dict)
    features = fields.List(fields.Nested(FeatureSchema), load_default=list)
    images = fields.List(fields.Nested(ImageSchema), load_default=list)
    video_url = _text()
    virtual_tour_url = _text()
    minimum_rental_days = fields.Integer(load_default=None)
    maximum_rental_days = fields.Integer(load_default=None)


class PaginationSchema(OdooSchema):
    total = fields.Integer(load_default=None)
    has_more = fields.Boolean(load_default=False)


class AvailabilitySchema(OdooSchema):
    available = fields.Boolean(required=True)
    estimated_price = _amount()
    currency = fields.String(load_default=DEFAULT_CURRENCY)


class PlacedSchema(OdooSchema):
    booking_ref = fields.String(required=True, validate=validate.Length(min=1, max=100))
    booking_id = fields.Integer(load_default=None)
    message = fields.String(load_default="")
    estimated_price = _amount()
    currency = fields.String(load_default=DEFAULT_CURRENCY)


class BusyRangeSchema(OdooSchema):
    date_from = fields.Date(required=True)
    date_to = fields.Date(required=True)

    @validates_schema
    def _check_order(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["date_to"] <= data["date_from"]:
            raise ValidationError("a range ends after it begins")


class BusySchema(OdooSchema):
    data = fields.List(fields.Nested(BusyRangeSchema), required=True)


class BrandSchema(OdooSchema):
    id = fields.Integer(required=True)
    name = fields.String(required=True)


class FiltersSchema(OdooSchema):
    brands = fields.List(fields.Nested(BrandSchema), load_default=list)


def load(schema: Schema, data: object) -> dict[str, Any]:
    """`data` as `schema` reads it. Raises OdooError: an answer that does not fit is an error of Odoo's."""
    try:
        result: dict[str, Any] = schema.load(data)  # type: ignore[arg-type]  # anything may come over the wire
    except ValidationError as error:
        log.warning("an answer of odoo's does not fit %s: %s", type(schema).__name__, error.messages)
        raise OdooError from error
    return result


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
    )


def _shared(word: str | None) -> str | None:
    """`word` as one object for all vehicles that have it, so that thousands are counted several times faster."""
    return sys.intern(word) if word else None


def to_rates(data: Mapping[str, Any]) -> Rates:
    """The three rates; one of 0 means that Odoo has none, not that the machine is free of charge."""
    names = ("rental_price_daily", "rental_price_weekly", "rental_price_monthly")
    amounts = (data[name] for name in names)
    return Rates(*(Money(amount, data["currency"]) if amount else None for amount in amounts))


def _sale_price(data: Mapping[str, Any]) -> Money | None:
    return (
        Money(data["sale_price"], data["currency"])
        if data["listing_type"] == "both" and data["sale_price"]
        else None
    )


def to_details(data: Mapping[str, Any], base_url: str) -> Details:
    """Everything about one vehicle in its validated long form, with the HTML cleaned."""
    short = to_vehicle(data, base_url)
    return Details(
        vehicle=short,
        description_html=clean_html(data["full_description"]),
        terms_html=clean_html(data["rental_terms"]),
        specifications=tuple(
            (_label(name), str(value))
            for name, value in data["specifications"].items()
            if value not in (None, False, "")
        ),
        features=tuple(Feature(feature["name"], feature["category"]) for feature in data["features"]),
        pictures=_pictures(data["images"], short, base_url),
        minimum_days=data["minimum_rental_days"] or None,
        maximum_days=data["maximum_rental_days"] or None,
        video_url=_web(data["video_url"]),
        tour_url=_web(data["virtual_tour_url"]),
    )


def to_quote(data: Mapping[str, Any], vehicle_id: int, days: DateRange) -> Quote:
    price = (
        Money(data["estimated_price"], data["currency"]) if data["available"] and data["estimated_price"] else None
    )
    return Quote(vehicle_id, days, data["available"], price)


def to_busy_ranges(data: Mapping[str, Any]) -> tuple[DateRange, ...]:
    return tuple(DateRange(taken["date_from"], taken["date_to"]) for taken in data["data"])


def to_booking(data: Mapping[str, Any]) -> OdooBooking:
    amount = data["estimated_price"]
    total = None if amount is None else Money(amount, data["currency"])
    return OdooBooking(data["booking_ref"], data["booking_id"], data["message"], total)


def to_picture(url: str | None, caption: str, base_url: str) -> Picture | None:
    """A picture at Odoo, whichever host name Odoo believes to have; None for one on a foreign server."""
    if not url:
        return None
    try:
        absolute = urljoin(base_url + "/", url)
        parts = urlsplit(urljoin(base_url, url))
    except ValueError:
        log.warning("odoo names a picture at an address that is none: %.100r", url)
        return None
    if parts.path.startswith(IMAGES):
        return Picture(base_url + parts.path, caption, sized=True, version=_version(parts.query))
    return Picture(absolute, caption, sized=False) if absolute.startswith(base_url + "/") else None


def _version(query: str) -> str:
    """What Odoo changes with the picture: the parameter `unique` of its address."""
    version = dict(parse_qsl(query)).get("unique", "")
    return version if VERSION.fullmatch(version) else ""


def clean_html(html: str | None) -> str:
    """HTML from Odoo's editor with everything but plain structure removed (contract section 1: untrusted)."""
    return (
        nh3.clean(html, tags=TAGS, attributes={"a": {"href"}}, url_schemes={"https", "http", "mailto", "tel"})
        if html
        else ""
    )


def _pictures(images: list[Mapping[str, Any]], short: Vehicle, base_url: str) -> tuple[Picture, ...]:
    ordered = sorted(images, key=lambda image: not image["is_primary"])
    found = (to_picture(image["url"], image["name"] or short.name, base_url) for image in ordered)
    return tuple(p for p in found if p) or ((short.picture,) if short.picture else ())


def _label(name: object) -> str:
    """A key of Odoo's free specifications as people read it: `clearing_width` becomes `Clearing width`."""
    text = str(name).replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def _web(url: str | None) -> str | None:
    return url if url and url.startswith(("https://", "http://")) else None
