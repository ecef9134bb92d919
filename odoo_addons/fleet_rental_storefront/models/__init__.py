from . import fleet_rental_part, fleet_rental_schedule, fleet_rental_shared_name

# isort: split
# Odoo knows a model that others inherit from only once its file was imported.
from . import (
    fleet_rental_booking,
    fleet_rental_booking_events,
    fleet_rental_catalogue,
    fleet_rental_event,
    fleet_rental_feature,
    fleet_rental_image,
    fleet_rental_specification,
    fleet_rental_visit,
    fleet_vehicle,
    fleet_vehicle_events,
    fleet_vehicle_model,
    fleet_vehicle_model_brand,
    fleet_vehicle_model_category,
    res_config_settings,
)
