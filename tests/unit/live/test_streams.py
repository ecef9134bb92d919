from lco.live.log import ChangeId
from lco.live.streams import Page, Pages


def page(client, *regions):
    return Page(client, {region.name: region for region in regions}, None, resumed=False)


def test_a_topic_finds_every_page_that_shows_something_about_it(region, sink):
    pages = Pages()
    one, other = page(sink(), region("card:1"), region("odoo")), page(sink(), region("card:1"), region("card:2"))
    pages.add(one)
    pages.add(other)
    assert {found for name, found in pages.about("vehicle:1") if name == "card:1"} == {one, other}
    assert list(pages.about("vehicle:2")) == [("card:2", other)]
    assert list(pages.about("vehicle:3")) == []


def test_a_page_finds_all_its_regions_about_one_topic(region, sink):
    pages = Pages()
    shop = page(sink(), region("status:1", "vehicle:1"), region("rates:1", "vehicle:1"))
    pages.add(shop)
    assert list(pages.about("vehicle:1")) == [("rates:1", shop), ("status:1", shop)]


def test_nothing_is_left_of_pages_that_are_gone(region, sink):
    pages = Pages()
    one, other = page(sink(), region("card:1")), page(sink(), region("card:1"))
    pages.add(one)
    pages.add(other)
    pages.remove(one.sink)
    pages.remove(one.sink)
    assert pages.showing("card:1") == [other]
    pages.remove(other.sink)
    assert list(pages) == pages.showing("card:1") == list(pages.about("vehicle:1")) == []
    assert not pages._showing
    assert not pages._regions


def test_a_page_resumes_from_what_it_reached_unless_something_is_owed(region, sink):
    shown = page(sink(), region("card:1"))
    shown.reached = ChangeId(5, 0)
    assert shown.resume_from() == ChangeId(5, 0)
    shown.owed.add("card:1")
    assert shown.resume_from() is None
