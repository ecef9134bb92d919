from . import (
    test_access,
    test_api,
    test_booking,
    test_catalogue,
    test_companies,
    test_desk,
    test_feed,
    test_promises,
    test_rules,
    test_scale,
    test_vehicle,
    test_webhooks,
)
