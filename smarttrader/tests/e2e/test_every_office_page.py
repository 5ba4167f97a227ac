"""Every page of the back office, from the resolver: accessible, and within the window.

As in test_every_page.py, each is seen in one of four looks, nightly in all of them.
"""

import pytest

from smarttrader.tests.access import World
from smarttrader.tests.e2e.test_every_page import IS_NIGHTLY, LOOKS
from smarttrader.tests.site_pages import office_pages_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_limits"),
]


@pytest.mark.parametrize("who", ["superuser", "bob"])
@pytest.mark.parametrize("look", range(len(LOOKS)))
def test_every_page_of_the_back_office_is_accessible_and_fits(
    page, live_server, login, axe, who, look
):
    world = World()
    width, scheme = LOOKS[look]
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    login(world.people[who])
    wrong = {}

    for number, (url, path) in enumerate(sorted(office_pages_of(world, who).items())):
        if not IS_NIGHTLY and number % len(LOOKS) != look:
            continue
        page.goto(live_server.url + path)
        found = axe()
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found = [*found, "wider than the window"]
        if found:
            wrong[url] = found

    assert wrong == {}
