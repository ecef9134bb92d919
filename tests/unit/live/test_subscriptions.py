from lco.changes.log import ChangeId
from lco.live.subscriptions import PageSubscription, RegionSet, SubscriptionIndex


def page(client, *regions):
    return PageSubscription(client, RegionSet({region.name: region for region in regions}), None, resumed=False)


def subscriptions_about(pages, topic):
    """The pages with something about `topic`, in an order that does not matter."""
    return {page for region_set in pages.about(topic) for page in region_set.subscriptions}


def test_a_topic_finds_every_page_that_shows_something_about_it(region, connection):
    pages = SubscriptionIndex()
    one, other = (
        page(connection(), region("card:1"), region("odoo")),
        page(connection(), region("card:1"), region("card:2")),
    )
    pages.add(one)
    pages.add(other)
    assert subscriptions_about(pages, "vehicle:1") == {one, other}
    assert subscriptions_about(pages, "vehicle:2") == {other}
    assert subscriptions_about(pages, "vehicle:3") == set()
    assert {page for region_set in pages.showing("odoo") for page in region_set.subscriptions} == {one}


def test_a_region_set_finds_all_its_regions_about_one_topic(region, connection):
    regions = [region("status:1", "vehicle:1"), region("rates:1", "vehicle:1"), region("card:2")]
    assert list(page(connection(), *regions).region_set.about("vehicle:1")) == regions[:2]


def test_pages_that_show_the_same_share_one_region_set(region, connection):
    pages = SubscriptionIndex()
    one, other = (page(connection(), region("card:1"), region("odoo")) for _ in range(2))
    pages.add(one)
    pages.add(other)
    assert one.region_set is other.region_set


def test_nothing_is_left_of_pages_that_are_gone(region, connection):
    pages = SubscriptionIndex()
    one, other = page(connection(), region("card:1")), page(connection(), region("card:1"))
    pages.add(one)
    pages.add(other)
    pages.remove(one.connection)
    pages.remove(one.connection)
    assert subscriptions_about(pages, "vehicle:1") == {other}
    pages.remove(other.connection)
    assert list(pages) == list(pages.showing("card:1")) == list(pages.about("vehicle:1")) == []
    assert not any(vars(pages).values())


def test_a_message_carries_what_the_page_has_reached_unless_a_region_is_pending(region, connection):
    shown = page(connection(), region("card:1"))
    assert shown.mark_sent(ChangeId(5, 0), frozenset()) == ChangeId(5, 0)
    assert shown.mark_sent(ChangeId(4, 0), frozenset()) == ChangeId(5, 0)
    assert shown.mark_sent(ChangeId(6, 0), frozenset({"calendar:1"})) is None
    assert shown.mark_sent(ChangeId(7, 0), frozenset()) is None
    shown.pending -= {"calendar:1"}
    assert shown.mark_sent(ChangeId(7, 0), frozenset()) == ChangeId(7, 0)
