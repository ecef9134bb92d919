"""A page that was open during a deploy is loaded again, but never while something is typed in it."""

import re

import pytest
from playwright.sync_api import Page, expect

EARLIER = "earlier version of our site"
FASTER = 20


@pytest.fixture
def open_during_deploy(page: Page):
    """Opens a page as an earlier release made it, in which 10 s of CSS take half a second."""
    session = page.context.new_cdp_session(page)
    session.send("Animation.enable")
    session.send("Animation.setPlaybackRate", {"playbackRate": FASTER})

    def opened(path: str) -> Page:
        def of_an_earlier_release(route) -> None:
            answer = route.fetch()
            route.fulfill(
                response=answer, body=re.sub(r"release:[0-9a-f]{12}", "release:0123456789ab", answer.text())
            )

        page.route(re.compile(re.escape(path) + "$"), of_an_earlier_release, times=1)
        page.goto(path)
        return page

    return opened


@pytest.mark.parametrize("path", ["/equipment", "/equipment/4-professional-string-trimmer", "/about"])
def test_page_in_which_nothing_is_typed_is_loaded_again(open_during_deploy, path: str):
    with open_during_deploy(path).expect_event("domcontentloaded") as reloaded:
        pass
    expect(reloaded.value.locator("#content")).not_to_contain_text(EARLIER)


def test_page_with_typed_text_stays_and_shows_a_message(open_during_deploy):
    page = open_during_deploy("/booking/find")
    page.get_by_label("Email").fill("ada@example.com")
    expect(page.locator("#release")).to_contain_text(EARLIER)
    page.wait_for_timeout(1500)  # three times what an untouched page is given
    page.locator("h1").click()
    page.wait_for_timeout(1500)
    expect(page.get_by_label("Email")).to_have_value("ada@example.com")
    expect(page.locator("#release")).to_contain_text(EARLIER)
