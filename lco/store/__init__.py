"""The site's own records of bookings and webhook deliveries."""

from lco.store.session import Store

__all__ = ["Store"]
