from . import test_access, test_api, test_booking, test_catalogue, test_vehicle, test_webhooks
