"""No page asks the database more often because there are more rows."""

import pytest

from smarttrader.tests.access import World
from smarttrader.tests.api.world import give_one_of_each
from smarttrader.tests.site_pages import pages_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_limits")]

MORE = 28


def test_every_page_asks_as_often_of_thirty_bots_as_of_two(count_statements):
    world = World()
    client = world.clients["alice"]

    def asked():
        counts = {}
        for url, path in pages_of(world, "alice").items():
            with count_statements() as statements:
                assert client.get(path).status_code == 200
            counts[url] = len(statements)
        return counts

    asked()  # what is asked once for each process
    few = asked()
    for hour in range(1, MORE + 1):
        give_one_of_each(world.people["alice"], hour=hour)
    many = asked()

    assert {url: (few[url], count) for url, count in many.items()} == {
        url: (count, count) for url, count in few.items()
    }
