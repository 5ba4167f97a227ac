"""The page of the API in a real browser: it has no script and no style but ours."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_stranger_reads_it_under_the_strict_policy(page, live_server, axe):
    response = page.goto(live_server.url + reverse("api_docs"))

    assert "script-src 'self'" in response.headers["content-security-policy"]
    expect(page.get_by_role("heading", name="Smart Stock Trader API")).to_be_visible()
    assert axe() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_is_accessible_there(page, live_server, axe, scheme):
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme=scheme)

    page.goto(live_server.url + reverse("api_docs"))

    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert axe() == []
