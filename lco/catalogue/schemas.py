"""The parameters in the address of the list, and the reading of those that can be used."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validate, validates_schema

from lco.availability.schemas import parse_date_range
from lco.catalogue.search import SORTS, Query
from lco.domain.date_range import DateRange
from lco.domain.typed_text import clean, is_blank
from lco.errors import InvalidInput, sentences

THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
WORD = validate.Length(max=100, error="Use at most 100 characters.")


class Price(fields.Decimal):
    """A number as people type a price: `1,000`, `$100`, ` 99.50`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        text = re.sub(r"[\s$]", "", value) if isinstance(value, str) else value
        if isinstance(text, str) and THOUSANDS.fullmatch(text):
            text = text.replace(",", "")
        return super()._deserialize(text, attr, data, **kwargs)


def _price() -> Price:
    enough = validate.Range(min=Decimal(0), max=Decimal(10**7), error="Prices run from 0 to 10,000,000.")
    return Price(
        load_default=None,
        allow_nan=False,
        validate=enough,
        error_messages={"invalid": "Enter a number, like 150."},
    )


class FilterSchema(Schema):
    """The query of the list but for its dates."""

    class Meta:
        """Marshmallow's options."""

        unknown = EXCLUDE

    q = fields.String(load_default="", validate=WORD)
    category = fields.String(load_default="", validate=WORD)
    brand = fields.String(load_default="", validate=WORD)
    fuel_type = fields.String(load_default="", validate=WORD)
    min_price = _price()
    max_price = _price()
    sort = fields.String(
        load_default="featured", validate=validate.OneOf(list(SORTS), error="We cannot sort by that.")
    )
    page = fields.Integer(
        load_default=1, validate=validate.Range(min=1, max=10_000, error="There is no such page.")
    )

    @validates_schema
    def _check_prices(self, data: Mapping[str, Any], **_: Any) -> None:
        low, high = data.get("min_price"), data.get("max_price")
        if low is not None and high is not None and low > high:
            raise ValidationError("Enter a highest price that is not below the lowest one.", "max_price")

    @pre_load
    def _without_blanks(self, data: Mapping[str, str], **_: Any) -> dict[str, str]:
        cleaned = ((name, clean(text)) for name, text in data.items())
        return {name: text for name, text in cleaned if not is_blank(text)}


PARAMETERS = (*FilterSchema().fields, "date_from", "date_to")
"""Every parameter that changes what the list shows."""


def parse_query(
    arguments: Mapping[str, str], require_days: Callable[[DateRange], object]
) -> tuple[Query, dict[str, list[str]]]:
    """Return the query in the list's address, and sentences by field about what in it cannot be used.

    A visitor with a mistyped price still sees the shop: what is wrong is named and left out. `require_days` raises
    InvalidInput for days on which nothing can be rented.
    """
    errors: dict[str, list[str]] = {}
    try:
        values = FilterSchema().load(arguments)
    except ValidationError as error:
        errors = sentences(error)
        values = FilterSchema().load({name: text for name, text in arguments.items() if name not in errors})
    try:
        days = parse_date_range(arguments)
        if days:
            require_days(days)
    except InvalidInput as error:
        days, errors = None, errors | error.fields
    return Query(days=days, **values), errors
