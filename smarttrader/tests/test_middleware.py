import zoneinfo
from datetime import UTC

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from smarttrader.middleware import (
    SecurityHeaders,
    UserLanguage,
    UserTimeZone,
    _known_user_id,
)


def answer(rf, *, cookies=None, headers=None, response=None):
    request = rf.get("/", headers=headers or {})
    request.COOKIES.update(cookies or {})
    return SecurityHeaders(lambda _: response or HttpResponse())(request)


def zone_seen(request):
    seen = []

    def view(_):
        seen.append(timezone.get_current_timezone())
        return HttpResponse()

    UserTimeZone(view)(request)
    return seen[0]


def signed_in(rf, path, user):
    request = rf.get(path)
    request.COOKIES[settings.SESSION_COOKIE_NAME] = "any"
    request.user = user
    return request


def test_every_answer_carries_the_security_headers(rf):
    response = answer(rf)

    assert response["Content-Security-Policy"] == settings.CONTENT_SECURITY_POLICY
    assert "camera=()" in response["Permissions-Policy"]
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/accounts/login/", "/no-such-page/", "/static/ui/ui.css"]
)
def test_pages_refusals_and_files_carry_the_policy(client, path):
    response = client.get(path)
    response.close()

    assert response["Content-Security-Policy"] == settings.CONTENT_SECURITY_POLICY


def test_a_failure_carries_the_policy(client, monkeypatch):
    def fail(*_args, **_options):
        raise RuntimeError

    monkeypatch.setattr("allauth.account.views.LoginView.dispatch", fail)
    client.raise_request_exception = False

    response = client.get("/accounts/login/")

    assert response.status_code == 500
    assert response["Content-Security-Policy"] == settings.CONTENT_SECURITY_POLICY


def test_what_a_signed_in_user_gets_is_not_stored(rf):
    response = answer(rf, cookies={settings.SESSION_COOKIE_NAME: "any"})

    assert response["Cache-Control"] == "no-store"


def test_what_a_token_gets_is_not_stored(rf):
    response = answer(rf, headers={"Authorization": "Bearer any"})

    assert response["Cache-Control"] == "no-store"


def test_a_view_may_decide_about_caching_itself(rf):
    decided = HttpResponse(headers={"Cache-Control": "max-age=60, public"})

    response = answer(
        rf, cookies={settings.SESSION_COOKIE_NAME: "any"}, response=decided
    )

    assert response["Cache-Control"] == "max-age=60, public"


def test_a_visitor_may_store_what_he_gets(rf):
    assert "Cache-Control" not in answer(rf)


def test_a_page_speaks_the_zone_of_its_reader(rf):
    request = signed_in(rf, "/", User(time_zone="Europe/Berlin"))

    assert zone_seen(request) == zoneinfo.ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", ""])
def test_an_impossible_zone_is_utc(rf, name):
    assert zone_seen(signed_in(rf, "/", User(time_zone=name))) == UTC


@pytest.mark.parametrize("path", ["/api/v1/trades", "/static/ui/none.css"])
def test_the_api_and_files_never_load_the_user(rf, path):
    request = signed_in(rf, path, User(time_zone="Europe/Berlin"))

    assert zone_seen(request) == UTC


def test_without_a_session_the_user_is_not_loaded(rf):
    # There is no request.user at all: touching it would raise.
    assert zone_seen(rf.get("/")) == UTC


def test_the_zone_ends_with_the_request(rf):
    before = timezone.get_current_timezone_name()

    zone_seen(signed_in(rf, "/", User(time_zone="Asia/Tokyo")))

    assert timezone.get_current_timezone_name() == before


# --- Languages ------------------------------------------------------------------------
def language_seen(request):
    seen = []

    def view(_):
        seen.append(translation.get_language())
        return HttpResponse()

    response = UserLanguage(view)(request)
    return seen[0], response


def test_a_page_speaks_the_language_of_its_reader(rf):
    request = signed_in(rf, "/", User(language="de"))
    request.META["HTTP_ACCEPT_LANGUAGE"] = "en"

    language, response = language_seen(request)

    assert language == response["Content-Language"] == "de"
    assert response.cookies["django_language"].value == "de"


def test_the_language_that_the_browser_remembers_is_not_set_again(rf):
    request = signed_in(rf, "/", User(language="de"))
    request.COOKIES["django_language"] = "de"

    _, response = language_seen(request)

    assert not response.cookies


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en-US", "en"),
        ("fr, de;q=0.5", "de"),
        ("fr", "en"),
        ("", "en"),
        ("\0;;q=;" * 50, "en"),
    ],
)
def test_a_stranger_is_spoken_to_as_the_browser_asks(rf, asked, language):
    request = rf.get("/", headers={"Accept-Language": asked})

    seen, response = language_seen(request)

    assert seen == language
    assert response["Vary"] == "Accept-Language, Cookie"
    assert not response.cookies


def test_a_stranger_is_spoken_to_as_before(rf):
    request = rf.get("/", headers={"Accept-Language": "en"})
    request.COOKIES["django_language"] = "de"

    assert language_seen(request)[0] == "de"


@pytest.mark.parametrize(
    "path", ["/api/v1/trades", "/api/v1/ea/heartbeat", "/static/ui/none.css"]
)
def test_programs_are_spoken_to_in_english_and_untouched(rf, path):
    request = signed_in(rf, path, User(language="de"))
    request.META["HTTP_ACCEPT_LANGUAGE"] = "de"

    language, response = language_seen(request)

    assert language == "en"
    assert not {"Content-Language", "Vary"} & set(response.headers)


def test_the_language_ends_with_the_request(rf):
    language_seen(signed_in(rf, "/", User(language="de")))

    assert translation.get_language() == "en"


def test_a_request_is_logged_with_who_called_and_by_its_route(client, alice, caplog):
    client.force_login(alice)
    caplog.set_level("INFO", "smarttrader.requests")

    client.get("/bots/?token=not-to-be-logged")

    [record] = [each for each in caplog.records if each.name == "smarttrader.requests"]
    assert (record.method, record.route, record.status) == ("GET", "bots", 200)
    assert "not-to-be-logged" not in record.getMessage()


def test_who_calls_is_found_without_asking(rf, alice):
    request = rf.get("/")
    request.user = SimpleLazyObject(lambda: alice)

    unasked = _known_user_id(request)
    request._cached_user = alice  # noqa: SLF001 -- as Django keeps it

    assert (unasked, _known_user_id(request)) == ("", str(alice.pk))
