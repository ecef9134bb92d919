from . import (
    booking,
    booking_events,
    catalogue,
    config_settings,
    vehicle,
    vehicle_availability,
    vehicle_events,
    vehicle_names,
    vehicle_part,
    vehicle_visit,
    webhook_delivery,
)
