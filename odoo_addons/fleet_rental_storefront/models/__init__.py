# Odoo knows a model that others inherit from only once its file was imported, so these come first, in this order.
from . import fleet_rental_tracked  # isort: skip
from . import (
    fleet_rental_booking_publication,
    fleet_rental_desk,
    fleet_rental_icalendar,
    fleet_rental_icalendar_event,
    fleet_rental_part,
    fleet_rental_publication,
    fleet_rental_schedule,
    fleet_rental_self_service,
    fleet_rental_shared_name,
    fleet_rental_staff,
    fleet_rental_storefront_line,
    fleet_rental_timeline,
    fleet_rental_today,
)

# isort: split
from . import (
    fleet_rental_attempt,
    fleet_rental_booking,
    fleet_rental_catalogue,
    fleet_rental_closed_day,
    fleet_rental_event,
    fleet_rental_feature,
    fleet_rental_image,
    fleet_rental_opening,
    fleet_rental_request,
    fleet_rental_specification,
    fleet_rental_storefront,
    fleet_rental_tombstone,
    fleet_rental_visit,
    fleet_vehicle,
    fleet_vehicle_model,
    fleet_vehicle_model_brand,
    fleet_vehicle_model_category,
    res_config_settings,
)
