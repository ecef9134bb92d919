"""A booking as text and back, so that a mail says what was true when it was written; pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lco.domain.booking import Booking, BookingRequest, DeclineReason, State
from lco.domain.date_range import DateRange
from lco.domain.money import Money


def dumps(booking: Booking) -> str:
    """`booking` as JSON, with everything that a mail may contain."""
    kept = asdict(booking)
    del kept["revisions"]
    return json.dumps(kept, default=str)


def loads(text: str) -> Booking:
    """The booking that `snapshot` made `text` of."""
    kept = json.loads(text)
    total, refusal = kept["total"], kept["refusal"]
    return Booking(
        **{
            **kept,
            "state": State(kept["state"]),
            "request": _request(kept["request"]),
            "total": Money(Decimal(total["amount"]), total["currency"]) if total else None,
            "created_at": datetime.fromisoformat(kept["created_at"]),
            "changed_at": datetime.fromisoformat(kept["changed_at"]),
            "refusal": DeclineReason(refusal) if refusal else None,
            "odoo_at": datetime.fromisoformat(kept["odoo_at"]) if kept.get("odoo_at") else None,
            "picked_up_on": _day(kept.get("picked_up_on")),
            "returned_on": _day(kept.get("returned_on")),
        }
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _request(kept: Mapping[str, Any]) -> BookingRequest:
    start, end = (date.fromisoformat(kept["days"][name]) for name in ("start", "end"))
    return BookingRequest(**{**kept, "days": DateRange(start, end)})
