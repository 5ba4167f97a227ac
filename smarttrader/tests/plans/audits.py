"""Audits of twenty thousand rows, of which the oldest is the only one of its kind."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.models import User
from accounts.tests.factories import AdminFactory, ResellerFactory, UserFactory
from bots.models import BotInstance
from bots.tests.factories import BotInstanceFactory
from smarttrader.lib import clock

ROWS, PEOPLE = 20_000, 20
# Values that take turns; %(rows)s is the number of the oldest row.
COMMON = """
FROM generate_series(1, %(rows)s) n,
    LATERAL (SELECT %(now)s - n * interval '1 minute' AS at) moment,
    LATERAL (SELECT (%(people)s::uuid[])[1 + n %% 20] AS owner) person,
    LATERAL (SELECT CASE WHEN n %% 3 = 0 THEN 'staff' ELSE 'user' END AS actor) doer
"""
TABLES = {
    "auth_events": """
INSERT INTO auth_events (id, at, type, email, actor_type, actor_id, user_agent,
    request_id, detail)
SELECT gen_random_uuid(), at,
    CASE WHEN n = %(rows)s THEN 'deleted'
        ELSE (ARRAY['signed_in', 'signed_out', 'token_issued'])[1 + n %% 3] END,
    'person' || n %% 500 || '@example.com', actor, owner, '', 'request-' || n, '{}'
""",
    "license_events": """
INSERT INTO license_events (id, license_id, owner_id, sequence, at, type, actor_type,
    request_id, reason, before, after, prev_hash, hash)
SELECT gen_random_uuid(), md5((n %% 500)::text)::uuid, owner, n, at,
    CASE WHEN n = %(rows)s THEN 'transferred'
        ELSE (ARRAY['issued', 'extended', 'activated'])[1 + n %% 3] END,
    actor, 'request-' || n, '', '{}', '{}', '', ''
""",
    "allotment_entries": """
INSERT INTO allotment_entries (id, at, allotment_id, reseller_id, license_type, cycle,
    kind, delta, license_id, actor_type, reason, idempotency_key)
SELECT gen_random_uuid(), at, owner, owner, 'PRO', 'monthly',
    CASE WHEN n = %(rows)s THEN 'grant' ELSE 'issue' END, 1, gen_random_uuid(), actor,
    '', n
""",
    "subscription_events": """
INSERT INTO subscription_events (id, at, type, subscription_id, user_id, actor_type,
    before, after)
SELECT gen_random_uuid(), at,
    CASE WHEN n = %(rows)s THEN 'change_undone' ELSE 'plan_changed' END,
    md5((n %% 500)::text)::uuid, owner, actor, '{}', '{}'
""",
    "bot_settings_changes": """
INSERT INTO bot_settings_changes (id, bot_instance_id, version, at, actor_type, before,
    after)
SELECT gen_random_uuid(), (%(bots)s::uuid[])[1 + n %% 20], n, at,
    CASE WHEN n = %(rows)s THEN 'system' ELSE actor END, '{}', '{}'
""",
    "django_admin_log": """
INSERT INTO django_admin_log (action_time, object_id, object_repr, action_flag,
    change_message, user_id, content_type_id)
SELECT at, gen_random_uuid(), 'A row', CASE WHEN n = %(rows)s THEN 3 ELSE 2 END, '',
    %(staff)s, (SELECT min(id) FROM django_content_type)
""",
}


@dataclass(frozen=True, kw_only=True)
class Audits:
    staff: User
    reseller: User
    bots: list[BotInstance]  # of the reseller's customers

    @property
    def owner(self) -> User:
        return self.bots[0].user


def write_audits() -> Audits:
    """Fill the audits: a quarter of it is about the customers of a reseller."""
    reseller, staff = ResellerFactory.create(), AdminFactory.create()
    customers = UserFactory.create_batch(PEOPLE // 4 - 1, reseller=reseller)
    strangers = UserFactory.create_batch(PEOPLE - len(customers) - 1)
    bots = [BotInstanceFactory.create(owner=each) for each in (*customers, *strangers)]
    people: list[uuid.UUID] = [reseller.pk, *(bot.user_id for bot in bots)]
    values: dict[str, Any] = {
        "rows": ROWS,
        "now": clock.now(),
        "people": people,
        "bots": [bots[0].pk, *(bot.pk for bot in bots)],
        "staff": staff.pk,
    }
    with connection.cursor() as cursor:
        # One row for each version: the first bot has two turns.
        for insert in TABLES.values():
            cursor.execute(insert + COMMON, values)
        cursor.execute("ANALYZE")
    return Audits(staff=staff, reseller=reseller, bots=bots[: len(customers)])
