"""The inbox calls a catalogue and bookings that record their calls."""

from tests.unit.webhooks.conftest import bookings, catalogue  # noqa: F401 - fixtures are found by their names
