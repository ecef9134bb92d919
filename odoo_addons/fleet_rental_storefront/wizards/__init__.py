from . import fleet_rental_cancellation, fleet_rental_return
