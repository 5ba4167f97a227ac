"""What staff ask for in the back office is done by a worker."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import AdminFactory
from accounts.tests.threads import all_at_once
from smarttrader.jobs.models import ArchivedPartition, JobRequest, JobRun
from smarttrader.jobs.partitions import TRADE_HISTORY
from smarttrader.jobs.services import requests
from smarttrader.jobs.services.locks import archive_lock
from smarttrader.tests.archive.tables import (
    A_WEEK_LATER,
    NOW,
    OLD_TICKS,
    archive,
    attached,
    differences,
    fill_ticks,
    remember,
    say_nothing,
)


@pytest.fixture
def staff():
    client = Client()
    client.force_login(AdminFactory.create())
    return client


def ask_for(partition):
    requests.request_restore(
        partition=partition, days=30, reason="why", requested_by=None, now=NOW
    )


def work(now=A_WEEK_LATER, start=None):
    return requests.run_requests(
        now=now, start=start or (lambda _job: None), on_progress=say_nothing
    )


def press(client, row, action, **told):
    meta = row._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return client.post(
        address,
        {"action": action, "_selected_action": str(row.pk), "confirmed": "1", **told},
    )


def test_an_archive_comes_back_by_a_button(staff):
    fill_ticks(rows=50)
    remember(OLD_TICKS)
    archive()
    archive(A_WEEK_LATER)

    press(staff, ArchivedPartition.objects.get(), "restore", reason="why", days="5")
    assert OLD_TICKS not in attached(TRADE_HISTORY)
    settled = work()

    request = JobRequest.objects.get()
    assert (settled, request.days, request.error) == (1, 5, "")
    assert request.finished_at == A_WEEK_LATER
    assert OLD_TICKS in attached(TRADE_HISTORY)
    assert differences(OLD_TICKS) == 0
    assert work() == 0


def test_a_button_without_its_answer_asks_for_nothing(staff):
    fill_ticks(rows=5)
    archive()
    row = ArchivedPartition.objects.get()

    asked = press(staff, row, "restore", reason="", days="5")

    assert asked.status_code == 200
    assert not JobRequest.objects.exists()


def test_what_cannot_be_restored_is_given_up_after_three_tries():
    ask_for("trade_history_p19990101")

    settled = [work() for _ in range(4)]

    request = JobRequest.objects.get()
    assert settled == [0, 0, 0, 1]
    assert request.error.startswith("ArchiveUnknown")
    assert request.attempts == 3


def test_a_worker_that_finds_another_at_work_waits():
    ask_for("trade_history_p19990101")

    with archive_lock():
        settled = all_at_once([work])

    assert settled == [0]
    assert JobRequest.objects.get().attempts == 0


def test_a_failed_job_runs_again_once_however_often_it_is_asked_for(staff):
    run = JobRun.objects.create(job="a.b", started_at=NOW, error="ValueError: no")
    for _ in range(2):
        press(staff, run, "run_again", reason="It was the network")
    started: list[str] = []

    settled = work(start=started.append)

    assert started == ["a.b"]
    assert settled == 1
    assert work(start=started.append) == 0


def test_a_job_that_the_broker_does_not_take_is_asked_for_again():
    requests.request_job(job="a.b", reason="why", requested_by=None, now=NOW)

    def refuse(_job):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        work(start=refuse)

    assert JobRequest.objects.waiting().count() == 1
