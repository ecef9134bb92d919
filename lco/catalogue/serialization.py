"""What one process has learned about a vehicle, as JSON for the others, and back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lco.domain.money import Money
from lco.domain.vehicle import Picture, Rates, Status, Vehicle

Json = Mapping[str, Any]
FIELDS = tuple(field.name for field in fields(Vehicle))


@dataclass(frozen=True, slots=True)
class VehicleVersion:
    """The vehicle as it was known from the instant `at` on; None when it is no longer for rent."""

    at: datetime
    vehicle: Vehicle | None

    def dumps(self) -> Json:
        """All of it in what JSON has: amounts of money and days as text, so that nothing is rounded."""
        return {"at": self.at.isoformat(), "vehicle": self.vehicle and _written(self.vehicle)}

    @classmethod
    def loads(cls, written: Json) -> "VehicleVersion":
        """What `written` says. Raises KeyError, TypeError, ValueError for what another version has written."""
        vehicle = written["vehicle"]
        return cls(datetime.fromisoformat(written["at"]), None if vehicle is None else _read(vehicle))


def _written(vehicle: Vehicle) -> Json:
    rates, picture = vehicle.rates, vehicle.picture
    return {
        **{name: getattr(vehicle, name) for name in FIELDS},
        "picture": picture and asdict(picture),
        "status": vehicle.status.value,
        "rates": [_money(rate) for rate in (rates.daily, rates.weekly, rates.monthly)],
        "sale_price": _money(vehicle.sale_price),
        "back_on": vehicle.back_on and vehicle.back_on.isoformat(),
    }


def _read(written: Json) -> Vehicle:
    picture, back_on = written["picture"], written["back_on"]
    read = {
        "status": Status(written["status"]),
        "rates": Rates(*(_amount(rate) for rate in written["rates"])),
        "sale_price": _amount(written["sale_price"]),
        "picture": picture and Picture(**picture),
        "back_on": back_on and date.fromisoformat(back_on),
    }
    return Vehicle(**{**written, **read})


def _money(money: Money | None) -> list[str] | None:
    return [str(money.amount), money.currency] if money else None


def _amount(written: list[str] | None) -> Money | None:
    return Money(Decimal(written[0]), written[1]) if written else None
