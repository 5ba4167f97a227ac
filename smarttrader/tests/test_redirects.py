"""No parameter of ours leads anybody to another site."""

from urllib.parse import quote, urlsplit

import pytest
from django.urls import reverse

from accounts.tests.factories import PASSWORD, AdminFactory
from smarttrader.tests.access import patterns

ELSEWHERE = [
    "https://evil.example.com/",
    "//evil.example.com/",
    "///evil.example.com/",
    "/\\evil.example.com/",
    "\\\\evil.example.com/",
    "https:evil.example.com",
    "http:///evil.example.com",
    "\thttps://evil.example.com",
    "https://testserver@evil.example.com/",
    "https://evil.example.com\\@testserver/",
    "javascript:alert(1)",
    "data:text/html,x",
]
# How Django, allauth and others call where to go on to.
PARAMETERS = ("next", "redirect_to", "return_to", "url", "continue")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("no_limits", "one_window"),
]


def leads_away(response):
    # A browser takes a backslash for a slash, and drops white space before it.
    targets = [response.headers.get(name, "") for name in ("Location", "HX-Redirect")]
    parts = [urlsplit(each.replace("\\", "/").strip()) for each in targets]
    ours = {("", ""), ("http", "testserver")}
    return not {(each.scheme, each.netloc) for each in parts} <= ours


def plain_pages():
    return [
        f"/{path}" for path, _, _ in patterns() if not any(c in path for c in "<^$(")
    ]


def asked(client, page, target):
    values = dict.fromkeys(PARAMETERS, target)
    query = "&".join(f"{name}={quote(target, safe='')}" for name in PARAMETERS)
    answers = [
        client.get(f"{page}?{query}"),
        client.post(page, values),
        client.get(
            page,
            headers={"HX-Request": "true", "HX-Current-URL": target},
        ),
    ]
    for answer in answers:
        if answer.streaming:  # to its end, which closes its file
            list(answer)
    return answers


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_page_leads_a_visitor_elsewhere(client, target):
    led = [
        page
        for page in plain_pages()
        if not page.startswith(("/admin/", "/api/v1/ea"))
        if any(map(leads_away, asked(client, page, target)))
    ]

    assert led == []


@pytest.mark.parametrize("target", ELSEWHERE)
def test_no_page_leads_a_user_elsewhere(client, alice, target):
    led = []
    for page in plain_pages():
        if page.startswith(("/admin/", "/api/")):
            continue
        client.force_login(alice)
        if any(map(leads_away, asked(client, page, target))):
            led.append(page)

    assert led == []


@pytest.mark.parametrize("target", ELSEWHERE)
@pytest.mark.parametrize("page", ["account_login", "admin:login"])
def test_who_signs_in_stays_here(client, page, target):
    AdminFactory.create(email="staff@example.com")
    login = f"{reverse('account_login')}?next={quote(target, safe='')}"
    form = {"login": "staff@example.com", "password": PASSWORD, "next": target}

    offered = client.get(reverse(page), {"next": target})
    done = client.post(login, form)

    assert (leads_away(offered), leads_away(done), done.status_code) == (
        False,
        False,
        302,
    )


def test_who_signs_in_goes_on_where_they_were_headed(client, alice):
    form = {"login": alice.email, "password": PASSWORD, "next": "/trades/?page=2"}

    done = client.post(reverse("account_login"), form)

    assert done["Location"] == "/trades/?page=2"
