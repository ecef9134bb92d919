"""A new business day: what depends on today is rendered again on open pages."""

from datetime import datetime, time, timedelta

import pytest

from lco import clock
from lco.domain.date_range import DAY
from lco.web.regions import region


@pytest.fixture
def services(make_app, odoo):
    return make_app(cut_off=time(15)).extensions["lco"]


def at(services, hour: int, minute: int = 0):
    """The context of this time on the present day of the business."""
    today = services.rules.today
    return clock.moved(datetime.combine(today, time(hour, minute), services.settings.timezone) - clock.now())


def changes(services, since) -> list[tuple[str, str]]:
    return [(change.topic, change.kind) for change in services.changes.since(since)]


def test_midnight_and_cut_off_are_changes_once(services):
    with at(services, 12):
        services.business_day.check()
        head = services.changes.head()
        services.business_day.check()
        assert changes(services, head) == []
    with at(services, 15, 1):
        services.business_day.check()
        assert changes(services, head) == [("day", "day.changed")]
        services.business_day.check()
    with at(services, 23, 59), clock.moved(timedelta(minutes=2)):
        services.business_day.check()
        services.business_day.check()
        assert changes(services, head) == [("day", "day.changed")] * 2


@pytest.mark.parametrize(
    "name", ["status:1", "card:1", "calendar:1:2026-12", "quote:1:2026-12-01:2026-12-05", "choices:1"]
)
def test_regions_that_depend_on_the_day_follow_it(make_app, odoo, name):
    with make_app().app_context():
        assert "day" in region(name).topics


def test_quick_choices_of_the_next_day_are_others(make_app, odoo):
    app = make_app()
    with app.test_request_context():
        today = app.extensions["lco"].rules.today
        assert f"date_from={today + DAY}&amp;" in region("choices:1").html()
        with clock.moved(DAY):
            assert f"date_from={today + DAY}&amp;" not in region("choices:1").html()
