"""The inbox tells a catalogue and bookings that remember what they were told."""

from tests.unit.webhooks.conftest import bookings, catalogue  # noqa: F401 - fixtures are found by their names
