"""`make screenshots`: pictures of every page, light, dark, narrow, German, on paper.

Runs inside `python -m smarttrader.devstack test`, and fills its empty database first;
with `--url` it looks at a stack that runs already.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from smarttrader.devstack.errors import DevstackError
from smarttrader.devstack.shots import EMAIL, NEWCOMER, RESELLER, SHOTS, STAFF, Shot

ROOT = Path(__file__).resolve().parents[2]
MANAGE = [sys.executable, str(ROOT / "manage.py")]
PASSWORD = "smart-trader-demo"  # noqa: S105 -- the demo's, printed by `make run`
# No clock runs here: the back office would have no run of a job to show.
A_JOB = "from smarttrader.jobs import tasks; tasks.check_invariants()"
START_SECONDS = 120
CATCH_UP_HOURS, CATCH_UP_SECONDS = 4, 30
ONLINE_SECONDS = 30
WIDTH, HEIGHT, PHONE_WIDTH = 1440, 1180, 390
PAPER_WIDTH = 718  # of A4, between Chromium's margins
PATIENCE_MS = 180_000  # a picture is no measurement: a busy machine may take its time


@dataclass(frozen=True)
class Look:
    scheme: Literal["light", "dark"]
    width: int
    language: str = "en"
    media: Literal["screen", "print"] = "screen"


# What a name of a picture ends in.
LOOKS = {
    "": Look("light", WIDTH),
    "-dark": Look("dark", WIDTH),
    "-phone": Look("dark", PHONE_WIDTH),
    "-phone-light": Look("light", PHONE_WIDTH),
    "-german": Look("light", WIDTH, "de"),
    "-german-phone": Look("light", PHONE_WIDTH, "de"),
    "-paper": Look("light", PAPER_WIDTH, media="print"),
}
PICTURES = {
    f"{name}{ending}": (shot, look)
    for name, shot in SHOTS.items()
    for ending, look in LOOKS.items()
}


def main() -> int:
    options = _parser().parse_args()
    try:
        if options.url:
            take_pictures(options.url, options.folder, options.names)
        else:
            with demo_server() as url:
                take_pictures(url, options.folder, options.names)
    except DevstackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def demo_server() -> Iterator[str]:
    """Fill the database that the environment names, and serve it until the end."""
    for command in (
        ["migrate", "--verbosity=0"],
        ["seed"],
        ["rollup"],
        ["shell", "--verbosity=0", "--command", A_JOB],
    ):
        subprocess.run([*MANAGE, *command], check=True)
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [*MANAGE, "runserver", "--noreload", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    advisors = None
    try:
        _wait_for(url, server)
        advisors = _start_advisors(url)
        time.sleep(CATCH_UP_SECONDS)
        subprocess.run([*MANAGE, "rollup"], check=True)
        yield url
    finally:
        for process in (advisors, server):
            if process:
                process.terminate()
                process.wait()


def _start_advisors(url: str) -> subprocess.Popen[bytes]:
    """Let the demo's bots trade through the last hours, and on, online."""
    minutes = f"--minutes={CATCH_UP_SECONDS / 60}"
    speed = f"--speed={CATCH_UP_HOURS * 3600 // CATCH_UP_SECONDS}"
    return subprocess.Popen(
        [
            *(*MANAGE, "simulate", "--demo", "--forever", "--bots=4"),
            *(minutes, speed, f"--url={url}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def take_pictures(url: str, folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        people = (EMAIL, NEWCOMER, STAFF, RESELLER)
        states = {who: _signed_in(browser, url, who) for who in people}
        _wait_for_bots(browser, url, states[EMAIL])
        for name in names or PICTURES:
            if name not in PICTURES:
                raise DevstackError(f"{name} is none of {', '.join(PICTURES)}")
            shot, look = PICTURES[name]
            context = browser.new_context(
                viewport={"width": look.width, "height": HEIGHT},
                color_scheme=look.scheme,
                locale=look.language,
                reduced_motion="reduce",
                storage_state=states.get(shot.email),
            )
            context.set_default_timeout(PATIENCE_MS)
            target = folder / f"{name}.png"
            page = context.new_page()
            page.emulate_media(media=look.media)
            if shot.error:
                _answer(page, url + shot.path, shot.error, look.language)
            address = _address(page, url, shot)
            with _spoken(page, url, look.language if shot.email else "en"):
                page.goto(address, wait_until="networkidle")
                _do(page, shot)
                page.screenshot(path=target, full_page=shot.is_whole)
            context.close()
            print(target)
        browser.close()


def _do(page: Page, shot: Shot) -> None:
    """Fill in and press what a picture wants; a press leads to another page."""
    for step in shot.steps:
        found = page.locator(step.selector).first
        if not step.text:
            found.click()
            page.wait_for_load_state("networkidle")
        elif found.evaluate("element => element.tagName") == "SELECT":
            found.select_option(step.text)
        else:
            found.fill(step.text)


def _signed_in(browser: Browser, url: str, email: str) -> StorageState:
    """Sign in once; return the cookies."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{url}/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("main h1").wait_for()
    return page.context.storage_state()


def _wait_for_bots(browser: Browser, url: str, state: StorageState) -> None:
    page = browser.new_page(storage_state=state)
    page.set_default_timeout(PATIENCE_MS)
    for _ in range(ONLINE_SECONDS):
        page.goto(f"{url}/bots/")
        if page.locator(".badge.ok").count():
            break
        page.wait_for_timeout(1000)
    else:
        print("no bot came online", file=sys.stderr)
    page.close()


def _address(page: Page, url: str, shot: Shot) -> str:
    if not shot.link:
        return url + shot.path
    page.goto(url + shot.path)
    address = f"{url}{page.locator(shot.link).first.get_attribute('href')}{shot.page}"
    if not shot.then:
        return address
    page.goto(address)
    return f"{url}{page.locator(shot.then).first.get_attribute('href')}"


def _answer(page: Page, address: str, error: str, language: str) -> None:
    """Let an address show an error page as it is written for the proxy."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*MANAGE, "error_pages", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        name = error if language == "en" else f"{error}.{language}"
        body = (Path(folder) / f"{name}.html").read_text()
    page.route(
        address, lambda route: route.fulfill(body=body, content_type="text/html")
    )


@contextmanager
def _spoken(page: Page, url: str, language: str) -> Iterator[None]:
    """Let a user's pages speak a language, and English again: links are found by it."""
    if language == "en":
        yield
        return
    _choose_language(page, url, language)
    yield
    _choose_language(page, url, "en")


def _choose_language(page: Page, url: str, language: str) -> None:
    page.goto(f"{url}/settings/")
    page.locator("select[name=language]").select_option(language)
    page.locator("form:has(select[name=language]) button[type=submit]").click()
    page.locator(f"html[lang={language}]").wait_for()


def _chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not found:
        raise DevstackError("no Chromium: apt-get install chromium, or set CHROMIUM")
    return found


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/accounts/login/", timeout=5).close()  # noqa: S310 -- our own
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    raise DevstackError(f"the server at {url} did not start")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m smarttrader.devstack.screenshots")
    parser.add_argument("--url", default="", help="a stack that runs already")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "screenshots")
    parser.add_argument("names", nargs="*", metavar="NAME", help="instead of all")
    return parser


if __name__ == "__main__":
    sys.exit(main())
