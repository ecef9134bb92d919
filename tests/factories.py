"""What a customer sends to book, as JSON (docs/odoo-contract.md, section 3)."""

from datetime import date


def order(vehicle_id: int, start: date, end: date, **other: str) -> dict[str, object]:
    """A booking of the days from `start` until `end`; `other` replaces what is known of the customer."""
    return {
        "vehicle_id": vehicle_id,
        "customer_name": "Ada Lovelace",
        "customer_email": "ada@example.com",
        "customer_phone": "218-555-0142",
        "date_from": start.isoformat(),
        "date_to": end.isoformat(),
        **other,
    }
