"""The beat schedule names tasks that there are."""

from smarttrader.celery import app


def test_every_scheduled_task_is_registered():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}

    assert scheduled - set(app.tasks) == set()


def test_every_entry_has_the_name_of_its_task():
    entries = app.conf.beat_schedule.items()

    assert {name for name, _ in entries} == {entry["task"] for _, entry in entries}
