"""Every page of the site, from the resolver: what tests of all pages go through."""

from smarttrader.tests.access import World, patterns, read_table

# Other doors, and those for machines.
NOT_PAGES = ("api/", "^api/", "admin/", "healthz", "readyz", "metrics", "webhooks/")
PARTS_AND_DOWNLOADS = {
    "notifications/unread/",
    "subscription/credit-notes/<uuid:pk>/",
    "subscription/invoices/<uuid:pk>/",
    "t/<str:slug>/badge.svg",
    "trades/export.csv",
}


def pages_of(world: World, name: str, *, status: str = "200") -> dict[str, str]:
    """Return the paths of the pages that answer somebody with a status, by their URLs.

    What the URL names is Alice's. The table of access knows the answers, and a new URL
    without a row there fails its test.
    """
    answers = read_table()[name]
    return {
        url: world.path_of(url, full_name, pattern)
        for url, full_name, pattern in patterns()
        if not url.startswith(NOT_PAGES)
        and url not in PARTS_AND_DOWNLOADS
        and answers[url, "GET"].startswith(status)
    }


def office_pages_of(world: World, name: str) -> dict[str, str]:
    """Return the paths of the back office's pages that somebody is shown.

    What the URL names is Alice's; of two that lead to one path the first counts.
    """
    answers = read_table()[name]
    found = {
        world.path_of(url, full_name, pattern): url
        for url, full_name, pattern in reversed(list(patterns()))
        if url.startswith("admin/")
        and url != "admin/jsi18n/"  # a script
        and answers[url, "GET"].startswith("200")
    }
    return {url: path for path, url in found.items()}
