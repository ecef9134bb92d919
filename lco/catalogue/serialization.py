"""Vehicles as JSON and back: for other processes, and for the cache, which outlives this version of the site.

Reading takes what it knows and leaves out the rest, because another version may have written it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lco.caching.swr import Codec
from lco.domain.money import Money
from lco.domain.vehicle import Details, Feature, Picture, Rates, Status, Vehicle

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VehicleVersion:
    """The vehicle as it was known from the instant `at` on. `vehicle` is None when it is no longer for rent."""

    at: datetime
    vehicle: Vehicle | None

    def dumps(self) -> Json:
        """All of it in what JSON has: amounts of money and days as text, so that nothing is rounded."""
        return {"at": self.at.isoformat(), "vehicle": self.vehicle and _dump(self.vehicle)}

    @classmethod
    def loads(cls, written: Json) -> "VehicleVersion":
        """The version in `written`. Raises KeyError, TypeError, ValueError for a form that cannot be read."""
        vehicle = written["vehicle"]
        return cls(datetime.fromisoformat(written["at"]), None if vehicle is None else _load(vehicle))


def _dump(vehicle: Vehicle) -> Json:
    rates, picture = vehicle.rates, vehicle.picture
    return {
        **_plain(vehicle),
        "picture": picture and asdict(picture),
        "status": vehicle.status.value,
        "rates": [_money(rate) for rate in (rates.daily, rates.weekly, rates.monthly)],
        "sale_price": _money(vehicle.sale_price),
        "back_on": vehicle.back_on and vehicle.back_on.isoformat(),
    }


def _load(written: Json) -> Vehicle:
    back_on = written.get("back_on")
    read = {
        "status": Status(written["status"]),
        "rates": Rates(*(_amount(rate) for rate in written["rates"])),
        "sale_price": _amount(written.get("sale_price")),
        "picture": _picture(written["picture"]) if written.get("picture") else None,
        "back_on": back_on and date.fromisoformat(back_on),
    }
    return Vehicle(**{**_known(Vehicle, written), **read})


def _dump_details(details: Details | None) -> Json | None:
    if details is None:
        return None
    return {
        **_plain(details),
        "vehicle": _dump(details.vehicle),
        "features": [asdict(feature) for feature in details.features],
        "pictures": [asdict(picture) for picture in details.pictures],
    }


def _load_details(written: Json | None) -> Details | None:
    if written is None:
        return None
    read = {
        "vehicle": _load(written["vehicle"]),
        "specifications": tuple((str(name), str(value)) for name, value in written.get("specifications", ())),
        "features": tuple(Feature(**_known(Feature, feature)) for feature in written.get("features", ())),
        "pictures": tuple(map(_picture, written.get("pictures", ()))),
    }
    return Details(**{**_known(Details, written), **read})


def _picture(written: Json) -> Picture:
    return Picture(**_known(Picture, written))


def _plain(value: "DataclassInstance") -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _known(kind: "type[DataclassInstance]", written: Json) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in written.items() if name in names}


def _money(money: Money | None) -> list[str] | None:
    return [str(money.amount), money.currency] if money else None


def _amount(written: list[str] | None) -> Money | None:
    return Money(Decimal(written[0]), written[1]) if written else None


LISTING = Codec(lambda listing: [_dump(v) for v in listing], lambda written: tuple(_load(v) for v in written))
DETAILS = Codec(_dump_details, _load_details)
BRANDS = Codec(
    lambda names: {str(brand_id): name for brand_id, name in names.items()},
    lambda written: {int(brand_id): str(name) for brand_id, name in written.items()},
)
