"""What an EA is told when the database will not have it: again later, or never."""

import json

import pytest
from django.db import connection
from django.test import RequestFactory

from smarttrader.lib.ea.view import EaView


class Asks(EaView):
    """A call that asks the database what it will refuse."""

    sql = ""

    def answer(self, _fields):
        with connection.cursor() as cursor:
            cursor.execute(self.sql)
        return self.reply("OK", "Done.")


A_PLAN_OF_NO_TYPE = (
    "INSERT INTO plans (license_type, max_accounts, grace_days, term_days)"
    " VALUES ('GOLD', 1, 1, 1)"
)
SETTINGS_OF_NO_BOT = (
    "INSERT INTO bot_settings (id, bot_instance_id, trading_pairs, trading_sessions,"
    " strategies_enabled) VALUES (gen_random_uuid(), gen_random_uuid(), '{}', '[]',"
    " '[]')"
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELECT 1", 200, "OK"),
        ("SELECT 1 / 0", 400, "VALIDATION_ERROR"),
        ("SELECT 'x'::integer", 400, "VALIDATION_ERROR"),
        (A_PLAN_OF_NO_TYPE, 400, "VALIDATION_ERROR"),
        (SETTINGS_OF_NO_BOT, 503, "UNAVAILABLE"),
        ("SET statement_timeout = 1; SELECT pg_sleep(1)", 503, "UNAVAILABLE"),
        ("SELECT nothing", 500, "SERVER_ERROR"),
    ],
)
def test_what_fits_never_is_not_asked_for_again(sql, status, code):
    request = RequestFactory().post("/", b"{}", "application/json")

    response = Asks.as_view(sql=sql)(request)
    connection.close()

    assert (response.status_code, json.loads(response.content)["code"]) == (
        status,
        code,
    )
    assert ("Retry-After" in response.headers) is (status == 503)
