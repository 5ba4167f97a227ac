"""Rules that every model keeps."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.management import call_command
from django.db import connection, models

PYPROJECT = tomllib.loads((Path(settings.BASE_DIR) / "pyproject.toml").read_text())
LAYERS: list[str] = next(
    contract["layers"]
    for contract in PYPROJECT["tool"]["importlinter"]["contracts"]
    if contract["id"] == "apps"
)
OUR_MODELS = [
    model
    for model in apps.get_models(include_auto_created=True)
    if model._meta.app_config and model._meta.app_config.name in LAYERS
]
each_model = pytest.mark.parametrize(
    "model", OUR_MODELS, ids=lambda model: model._meta.label
)


def height(model: type[models.Model]) -> int:
    """Return how far down a model's app lies: 0 is the top."""
    return LAYERS.index(apps.get_app_config(model._meta.app_label).name)


def columns_of(model: type[models.Model]) -> "Iterator[models.Field[Any, Any]]":
    for field in model._meta.local_fields:
        yield field
        if isinstance(field, ArrayField):
            yield field.base_field


def test_every_app_with_models_has_a_layer():
    ours = {
        config.name
        for config in apps.get_app_configs()
        if Path(config.path).is_relative_to(settings.BASE_DIR)
        and "site-packages" not in config.path
        and any(config.get_models())
    }

    assert ours == {
        model._meta.app_config.name for model in OUR_MODELS if model._meta.app_config
    }


@each_model
def test_foreign_keys_point_to_the_same_app_or_a_lower_one(model):
    upwards = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]
        if field.related_model in OUR_MODELS
        and height(field.related_model) < height(model)
    ]

    assert upwards == []


@each_model
def test_no_column_is_a_float(model):
    floats = [
        field.name
        for field in columns_of(model)
        if isinstance(field, models.FloatField)
    ]

    assert floats == []


@each_model
@pytest.mark.django_db
def test_every_choice_is_checked_by_the_database(model):
    choices = {
        field.column: sorted(str(value) for value, _ in field.flatchoices)
        for field in columns_of(model)
        if field.choices
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
            " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
            " WHERE conrelid = %s::regclass AND contype = 'c'"
            " AND cardinality(conkey) = 1",
            [model._meta.db_table],
        )
        checks = {
            column: sorted(re.findall(r"'([^']*)'", definition))
            for column, definition in cursor.fetchall()
            # Of a single choice PostgreSQL makes an equality.
            # Of a list each is checked.
            if any(how in definition for how in ("= ANY", "::text = '", "<@"))
        }

    found = {column: checks.get(column) for column in choices}

    assert found == choices


@each_model
def test_no_model_has_an_order_of_its_own(model):
    assert list(model._meta.ordering) == []


@pytest.mark.django_db
def test_migrations_are_complete():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
