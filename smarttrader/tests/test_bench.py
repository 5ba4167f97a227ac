import os
import subprocess
import sys
from pathlib import Path

import pytest

from smarttrader.bench.__main__ import PARTS
from smarttrader.bench.report import Row, at_least, at_most, markdown, ratio
from smarttrader.bench.running import PARTS as RUNS

ROOT = Path(__file__).resolve().parents[2]


def test_a_speed_is_how_much_of_theirs_ours_reaches():
    row = ratio("heartbeat", 2.0, "an empty view", 0.5, target=at_least(0.2), per=100)

    assert row.cells() == (
        *("heartbeat", "20 ms", "an empty view", "5 ms", "0.25", ">= 0.2", "met"),
    )


def test_a_cost_is_how_many_of_theirs_ours_takes():
    row = ratio("delete", 3.0, "SQL", 2.0, target=at_most(1.3), is_speed=False)

    assert row.cells() == (
        *("delete", "3.0 s", "SQL", "2.0 s", "1.50", "<= 1.3", "MISSED"),
    )


def test_a_figure_without_a_target_is_not_judged():
    row = Row(name="memory", took="", value=123.4, unit=" MB")

    assert row.cells() == ("memory", "", "", "", "123 MB", "", "")
    assert len(markdown([row]).splitlines()) == 3


def test_every_part_can_be_named():
    assert {*RUNS, "stages"} == set(PARTS)


def run_small(*parts):
    return subprocess.run(
        [
            *(sys.executable, "-m", "smarttrader.devstack", "test", "--"),
            *(sys.executable, "-m", "smarttrader.bench", "--size", "small", *parts),
        ],
        cwd=ROOT,
        env={
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        },
        capture_output=True,
        text=True,
        check=False,
    )


# Whether targets are met is not asked: that is the machine's affair.
@pytest.mark.services
def test_the_benchmark_runs_some_of_its_parts():
    done = run_small("rebuild", "lists", "ticks")

    assert done.returncode == 0, done.stderr
    assert "| rollup --all of 4,000 trades" in done.stdout
    assert "| 100 ticks a call | " in done.stdout


@pytest.mark.nightly
@pytest.mark.services
def test_the_whole_benchmark_runs_small():
    done = run_small()

    assert done.returncode == 0, done.stderr
    assert "one heartbeat over HTTP" in done.stdout
    assert "resync of 1,100 unchanged trades" in done.stdout
    assert "| page /performance/ over HTTP" in done.stdout
