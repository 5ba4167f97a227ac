"""Who gets what: every URL of the site, asked by everybody in every way.

The object in an URL is Alice's. test_access.py holds what is answered against
access_matrix.csv.
"""

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import ADDITION, LogEntry
from django.db import models, transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from accounts.models import AuthEvent, AuthEventType, User
from accounts.tests.factories import AdminFactory, ResellerFactory, UserFactory
from accounts.tests.tokens import bearer
from analytics.models import (
    PublicFigure,
    PublicTrackRecord,
    RollupDirty,
    StatementCheck,
)
from billing.models import (
    Payment,
    Provider,
    ProviderEvent,
    Renewal,
    SubscriptionEvent,
    SubscriptionEventType,
)
from bots.authentication import issue_token
from bots.models import SettingsChange
from bots.tests.ea_client import license_key_of
from bots.tests.factories import BotInstanceFactory
from licensing.models import (
    AllotmentEntry,
    LicenseEvent,
    LicenseStatus,
    Plan,
    Reseller,
    TrialUse,
    TrialUseKind,
)
from licensing.tests.factories import AllotmentFactory, LicenseHoldFactory
from notifications.digests import SIGNER
from notifications.models import Channel, Delivery, Event, WebhookEndpoint
from notifications.secrets import new_secret, seal_secret
from notifications.unsubscribing import unsubscribe_url
from smarttrader.jobs.models import (
    ArchivedPartition,
    ArchiveState,
    Invariant,
    JobRequest,
    JobRun,
)
from smarttrader.lib import clock
from smarttrader.lib.actors import ActorType
from smarttrader.tests.api.world import Belongings, give_one_of_each

TABLE = Path(__file__).with_name("access_matrix.csv")
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
PEOPLE = ("alice", "charlie", "bob", "dana", "staff", "superuser")
PRINCIPALS = ("anonymous", *PEOPLE, "bot", "bot of a revoked license")
# Paths without a name of their own, and an example of each.
UNNAMED = {
    "api/v1/ea": "/api/v1/ea",
    "api/v1/ea/": "/api/v1/ea/nothing",
    "^api/": "/api/nothing",
    "admin/password_change/": "/admin/password_change/",
    "admin/(?P<url>.*)$": "/admin/nothing",
}
# What a list needs to be told first.
QUERIES = {"api_metrics": "?metric_type=hourly"}
SLUG = "public-page-of-alice"
# What tells a row in an answer: an id, a number of an account or a ticket, an address.
TOLD = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b\d{6,}\b|\b\w+@people\.example\b"
)
Cells = dict[tuple[str, str], str]


# --- The URLs -------------------------------------------------------------------------
def patterns(
    resolver: URLResolver | None = None, prefix: str = "", namespace: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    """Return path, namespaced name and pattern of each URL, in the resolver's order."""
    resolver = resolver or get_resolver()
    for each in resolver.url_patterns:
        path = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            inner = f"{namespace}{each.namespace}:" if each.namespace else namespace
            yield from patterns(each, path, inner)
        else:
            yield path, f"{namespace}{each.name}" if each.name else "", each


def urls() -> list[str]:
    """Return the path of each URL, as the table names it; of twins the first counts."""
    return list(dict.fromkeys(path for path, _, _ in patterns()))


class World:
    """Everybody with one of everything, and the paths to what is Alice's."""

    def __init__(self) -> None:
        bob = ResellerFactory.create(email="bob@people.example")
        dana = ResellerFactory.create(email="dana@people.example")
        self.people: dict[str, User] = {
            "alice": UserFactory.create(email="alice@people.example", reseller=bob),
            "charlie": UserFactory.create(
                email="charlie@people.example", reseller=dana
            ),
            "bob": bob,
            "dana": dana,
            "staff": AdminFactory.create(
                email="staff@people.example", is_superuser=False
            ),
            "superuser": AdminFactory.create(email="superuser@people.example"),
        }
        owners = ("alice", "charlie", "bob", "dana")
        self.theirs = {name: give_one_of_each(self.people[name]) for name in owners}
        self.known = {
            text: name[0].upper()
            for name in owners
            for text in told_of(self.people[name], self.theirs[name])
        }
        self.lapsed = BotInstanceFactory.create(owner=self.people["alice"])
        self.lapsed.license.status = LicenseStatus.REVOKED
        self.lapsed.license.save()
        license_key_of(self.people["alice"])  # an event of a license
        self.clients = {name: self._client(name) for name in PRINCIPALS}
        self.session = UserSession.objects.create(
            user=self.people["alice"], session_key="another", ip="127.0.0.1"
        )
        self.rows = {type(row): row for row in self._rows_of_alice()}

    def path_of(self, path: str, name: str, pattern: URLPattern) -> str:
        """Return the URL's path to what is Alice's."""
        if path in UNNAMED:
            return UNNAMED[path]
        if not name:  # the admin's former address of a row
            model = path.removeprefix("admin/").split("/")[:2]
            return f"/admin/{'/'.join(model)}/{self._row_of('_'.join(model)).pk}/"
        arguments = {
            key: self._argument(path, key) for key in pattern.pattern.regex.groupindex
        }
        try:
            return reverse(name, kwargs=arguments) + QUERIES.get(name, "")
        except NoReverseMatch as error:
            raise AssertionError(
                f"say what stands for {arguments} in {path}"
            ) from error

    def _argument(self, path: str, key: str) -> Any:
        alice = self.theirs["alice"]
        if key == "token" and path.startswith("notifications/digest/"):
            return SIGNER.sign(self.people["alice"].pk.hex)
        if key in ("object_id", "id") and path.startswith("admin/r/"):
            return self.people["alice"].pk
        if key in ("object_id", "id") or (key == "pk" and path.startswith("admin/")):
            return self._row_of("_".join(path.split("/")[1:3])).pk
        if key == "pk":
            by_path = {
                "settings/sessions/": self.session,
                "settings/notifications/": self.rows[WebhookEndpoint],
            }
            for beginning, row in by_path.items():
                if path.startswith(beginning):
                    return row.pk
            place = path.removeprefix("api/v1/").removeprefix("subscription/")
            kind = place.split("/")[0].removesuffix("s").replace("-", "_")
            return getattr(alice, kind, alice.subscription).pk
        others = {
            "bot_id": alice.bot.pk,
            "delivery_id": self.rows[Delivery].pk,
            "token": unsubscribe_url(self.people["alice"], Event.BOT_OFFLINE).split(
                "/"
            )[-2],
            "uidb36": "1",
            "key": "set-password",
            "content_type_id": 1,
            "app_label": "accounts",
            "slug": SLUG,
        }
        return others[key]

    def _row_of(self, label: str) -> models.Model:
        return next(
            row
            for model, row in self.rows.items()
            if model._meta.label_lower == label.replace("_", ".", 1)
        )

    def _client(self, name: str) -> Client:
        client = Client(raise_request_exception=False)
        if name in PEOPLE:
            client.force_login(self.people[name])
            client.defaults["HTTP_AUTHORIZATION"] = bearer(self.people[name])[
                "Authorization"
            ]
        elif name != "anonymous":
            bot = self.theirs["alice"].bot if name == "bot" else self.lapsed
            token = issue_token(bot, now=clock.now()).text
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def _rows_of_alice(self) -> list[models.Model]:
        alice, theirs, now = self.people["alice"], self.theirs["alice"], clock.now()
        allotment = AllotmentFactory.create(reseller=self.people["bob"])
        endpoint = WebhookEndpoint.objects.create(
            user=alice, url="https://example.com/", secret=seal_secret(new_secret())
        )
        return [
            alice,
            *vars(theirs).values(),
            theirs.bot.settings,
            StatementCheck.objects.get(statement_import=theirs.statement),
            EmailAddress.objects.create(user=alice, email=alice.email),
            JobRun.objects.create(job="a.b", started_at=now),
            an_archive(now),
            JobRequest.objects.create(job="a.b", reason="why", requested_at=now),
            Invariant.objects.create(name="a", checked_at=now),
            AuthEvent.objects.create(
                at=now,
                type=AuthEventType.SIGNED_IN,
                user_id=alice.pk,
                email=alice.email,
                actor_type=ActorType.USER,
            ),
            Plan.objects.earliest("pk"),
            Reseller.objects.get(pk=self.people["bob"].pk),
            allotment,
            AllotmentEntry.objects.get(allotment_id=allotment.pk),
            LogEntry.objects.create(
                user=alice, object_id="1", object_repr="x", action_flag=ADDITION
            ),
            LicenseEvent.objects.earliest("at"),
            LicenseHoldFactory.create(license=self.lapsed.license),
            TrialUse.objects.create(
                kind=TrialUseKind.OWNER, license_id=theirs.license.pk, used_at=now
            ),
            SettingsChange.objects.create(
                bot_instance=theirs.bot,
                version=1,
                at=now,
                actor_type=ActorType.USER,
                before={},
                after={},
            ),
            *rows_of_money(theirs, now),
            RollupDirty.objects.create(bot_instance=theirs.bot, hour_start=now),
            PublicTrackRecord.objects.create(
                bot_instance=theirs.bot,
                slug=SLUG,
                title="A record",
                is_public=True,
                figures=PublicFigure.values,
            ),
            endpoint,
            Delivery.objects.create(
                user=alice,
                recipient=alice.email,
                channel=Channel.WEBHOOK,
                endpoint=endpoint,
                payload={},
                subject="Hello",
                next_attempt_at=now,
            ),
        ]


def rows_of_money(theirs: Belongings, now: datetime) -> list[models.Model]:
    """Return a row of each kind that a payment leaves, and an event of a provider."""
    payment = Payment.objects.get(pk=theirs.invoice.payment_id)
    subscription = theirs.subscription
    return [
        payment,
        theirs.invoice,
        theirs.credit_note,
        Renewal.objects.create(
            subscription=subscription,
            period_start=subscription.current_period_start,
            period_end=subscription.current_period_end,
            plan_type=subscription.plan_type,
            price=49,
            payment_id=payment.pk,
        ),
        SubscriptionEvent.objects.create(
            at=now,
            type=SubscriptionEventType.PLAN_CHANGED,
            subscription_id=subscription.pk,
            user_id=subscription.user_id,
            actor_type=ActorType.USER,
            before={},
            after={},
        ),
        ProviderEvent.objects.create(
            provider=Provider.STRIPE,
            event_id="evt_1",
            type="ping",
            occurred_at=now,
            payload={},
            received_at=now,
        ),
    ]


def an_archive(now: datetime) -> ArchivedPartition:
    return ArchivedPartition.objects.create(
        table="bot_logs",
        partition="bot_logs_p202001",
        generation=1,
        starts_at=now,
        ends_at=now + timedelta(days=1),
        file="a",
        bytes=1,
        rows=0,
        sha256="0" * 64,
        content_sha256="0" * 64,
        columns={},
        state=ArchiveState.WRITTEN,
        written_at=now,
    )


def told_of(user: User, theirs: Belongings) -> list[str]:
    """Return what an answer would hold if it told of a user's row."""
    rows = [str(row.pk) for row in vars(theirs).values()]
    return [
        *(user.email, str(user.pk), *rows),
        *(theirs.bot.mt4_account, theirs.trade.ticket_number),
    ]


# --- The answers ----------------------------------------------------------------------
def cells_of(world: World, name: str) -> Cells:
    """Ask every URL in every way as one principal; nothing that is done is kept."""
    client = world.clients[name]
    cookies = {key: morsel.value for key, morsel in client.cookies.items()}
    cells: Cells = {}
    for path, full_name, pattern in patterns():
        for method in METHODS:
            if (path, method) not in cells:
                client.cookies.clear()
                client.cookies.load(cookies)
                url = world.path_of(path, full_name, pattern)
                cells[path, method] = asked(client, method, url, world)
    return cells


def asked(client: Client, method: str, url: str, world: World) -> str:
    """Return the status, and of whom is told: `200 A4` is four things of Alice."""
    is_call = url.startswith("/api/")
    has_body = method in ("POST", "PUT", "PATCH")
    content = (b"{}" if is_call else b"a=") if has_body else b""
    media_type = "application/json" if is_call else "application/x-www-form-urlencoded"
    with transaction.atomic():
        response = client.generic(method, url, content, media_type)
        told = set(TOLD.findall(_text_of(response)))
        transaction.set_rollback(True)
    counts = Counter(world.known[text] for text in told & world.known.keys())
    seen = [f"{owner}{counts[owner]}" for owner in "ABCD" if counts[owner]]
    return " ".join([str(response.status_code), *seen])


def _text_of(response: Any) -> str:
    content: bytes = (
        b"".join(response.streaming_content) if response.streaming else response.content
    )
    if content.startswith(b"PK"):  # an export
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = b"".join(map(archive.read, archive.namelist()))
    return content.decode(errors="replace")


# --- The table ------------------------------------------------------------------------
def read_table() -> dict[str, Cells]:
    """Return the checked-in cells of each principal."""
    columns: dict[str, Cells] = {name: {} for name in PRINCIPALS}
    with TABLE.open(newline="") as file:
        for row in csv.DictReader(file):
            for method in row["methods"].split():
                for name in PRINCIPALS:
                    columns[name][row["url"], method] = row[name]
    return columns


def write_table(columns: dict[str, Cells]) -> None:
    """Write the table; methods with the same answers share a row."""
    with TABLE.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["url", "methods", *PRINCIPALS])
        for url in urls():

            def answers(method: str, url: str = url) -> list[str]:
                return [columns[name][url, method] for name in PRINCIPALS]

            by_answers: dict[tuple[str, ...], list[str]] = {}
            for method in METHODS:
                by_answers.setdefault(tuple(answers(method)), []).append(method)
            for row, methods in by_answers.items():
                writer.writerow([url, " ".join(methods), *row])
