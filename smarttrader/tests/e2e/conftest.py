"""A real Chromium: every test that uses `page` also fails on a CSP violation, a console
error or an exception in a script.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page

from accounts.models import User

# Playwright's synchronous interface keeps an event loop running in the test's thread,
# which Django takes for an asynchronous view.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # root in a container has no other way
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP ${event.effectiveDirective} ${event.blockedURI}`);
});
"""
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
    # Loading imported style sheets makes axe write inline styles, which the CSP stops.
    "preload": False,
}


@pytest.fixture(scope="session")
def base_url() -> None:
    """Stand in for pytest-playwright's own, which is written in a way that pytest warns
    about; tests name `live_server.url`.
    """


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> Any:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        pytest.skip("no Chromium: apt-get install chromium, or set CHROMIUM")
    return {
        **browser_type_launch_args,
        "executable_path": chromium,
        "args": CHROMIUM_ARGUMENTS,
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "viewport": {"width": 1440, "height": 900},
        "locale": "en-US",
        "timezone_id": "UTC",
        # Animations end at once, so that nothing is measured half-way.
        "reduced_motion": "reduce",
    }


@pytest.fixture
def expected_errors() -> list[str]:
    """Parts of console errors that a test means to cause, such as "404"."""
    return []


@pytest.fixture
def page(page: Page, expected_errors: list[str]) -> Iterator[Page]:
    problems: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(message.text)

    page.add_init_script(REPORT_VIOLATIONS)
    page.on("console", note)
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    assert [
        problem
        for problem in problems
        if not any(expected in problem for expected in expected_errors)
    ] == []


@pytest.fixture
def login(page: Page, live_server: Any) -> Callable[[User], None]:
    """Sign a user in without the form: with a session that Django's client made."""

    def sign_in(user: User) -> None:
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": live_server.url}]
        )

    return sign_in


@pytest.fixture
def axe(page: Page) -> Callable[[], list[str]]:
    """Return what axe finds wrong with the open page: rule, help and first element."""

    def violations() -> list[str]:
        found = Axe().run(page, options=AXE_OPTIONS).response["violations"]
        return [
            f"{rule['id']}: {rule['help']}: {rule['nodes'][0]['html'][:200]}"
            for rule in found
        ]

    return violations
