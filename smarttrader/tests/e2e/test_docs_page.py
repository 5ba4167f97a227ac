"""The page of the API in a real browser: it has no script and no style but ours."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_stranger_reads_it_in_every_look(page, live_server, axe, scheme, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)

    response = page.goto(live_server.url + reverse("api_docs"))

    assert "script-src 'self'" in response.headers["content-security-policy"]
    expect(page.get_by_role("heading", name="Smart Stock Trader API")).to_be_visible()
    assert axe() == []
    page_width = page.evaluate("document.documentElement.scrollWidth")
    assert page_width <= width


def test_its_contents_lead_to_each_chapter_and_object(page, live_server):
    page.goto(live_server.url + reverse("api_docs"))
    links = page.get_by_role("navigation", name="Contents").get_by_role("link")

    targets = [link.get_attribute("href") for link in links.all()]

    assert len(targets) > 10
    assert [target for target in targets if page.locator(target).count() != 1] == []
    links.get_by_text("Objects").click()
    expect(page.get_by_role("heading", name="Objects", exact=True)).to_be_in_viewport()
