"""A statement of a hundred thousand trades: flat memory, and signs of life.

Measured as the peak of a process of its own, against that of a file a tenth as long:
29 MB take 35 MB more than 3 MB do, of which some 29 are libxml2's, whose HTML parser
keeps its input to the end.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import User
from analytics.models import PerformanceMetric, StatementCheck
from licensing.models import License
from trading.models import Trade
from trading.tests.statement_writer import long_statement

IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
MEASURED = """
import json, sys, time
import django
django.setup()
from django.core.management import call_command
from io import StringIO
started = time.monotonic()
call_command("import_statement", sys.argv[1], user=sys.argv[2], as_json=True,
             stdout=StringIO())
print(json.dumps({
    # The peak of this very process; getrusage would tell that of its parent as well.
    "megabytes": next(int(line.split()[1]) for line in open("/proc/self/status")
                      if line.startswith("VmHWM")) / 1024,
    "seconds": time.monotonic() - started,
}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("rows", "fewer_rows", "growth_limit_megabytes"),
    [
        (15_000, 1_500, 20),
        pytest.param(
            100_000,
            10_000,
            60,
            marks=pytest.mark.skipif(not IS_NIGHTLY, reason="make test-nightly"),
        ),
    ],
)
def test_memory_hardly_grows_with_the_file(
    rows: int,
    fewer_rows: int,
    growth_limit_megabytes: int,
    alice: User,
    alices_license: License,
    tmp_path: Path,
):
    small, _ = _import(alice, tmp_path, "7000001", fewer_rows)

    large, progress = _import(alice, tmp_path, "7000002", rows)

    print(small, large)  # noqa: T201 -- pytest -s shows what was measured
    assert large["megabytes"] - small["megabytes"] < growth_limit_megabytes
    assert Trade.objects.filter(bot_instance__mt4_account="7000002").count() == rows
    assert set(StatementCheck.objects.values_list("mismatches", flat=True)) == {0}
    assert PerformanceMetric.objects.exists()
    for step in ("checked", "stored"):
        percents = [int(p) for p in re.findall(rf"{step} (\d+) %", progress)]
        assert percents == sorted(set(percents))
        assert len(percents) >= 10
        assert percents[-1] == 100


def _import(
    user: User, folder: Path, account: str, rows: int
) -> tuple[dict[str, Any], str]:
    path = folder / f"{account}.htm"
    statement = long_statement(rows)
    statement.account = account
    with path.open("w") as out:
        statement.write(out)
    url = re.sub(
        r"/[^/?]+(\?.*)?$",
        rf"/{connection.settings_dict['NAME']}\1",
        os.environ["DATABASE_URL"],
    )
    done = subprocess.run(  # noqa: S603 -- our own command
        [sys.executable, "-c", MEASURED, path, user.email],
        cwd=settings.BASE_DIR,
        env=os.environ
        | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "smarttrader.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured: dict[str, Any] = json.loads(done.stdout)
    measured["file megabytes"] = path.stat().st_size / 1024**2
    return measured, done.stderr
