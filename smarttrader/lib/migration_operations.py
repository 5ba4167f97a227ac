"""Migration operations that PostgreSQL needs and Django 5.2 lacks."""

import re
from pathlib import Path
from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class CreatePartitionedModel(migrations.CreateModel):
    """Create a model whose table is PARTITION BY RANGE of one of its columns.

    Django's state says that `id` is the primary key. The table says PRIMARY KEY (id,
    key): PostgreSQL wants the partition key in each unique index.
    """

    def __init__(self, *args: Any, partition_by: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partition_by = partition_by

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        name, args, kwargs = super().deconstruct()
        kwargs["partition_by"] = self.partition_by
        return name, list(args), kwargs

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        sql, params = schema_editor.table_sql(model)
        primary, key = (
            schema_editor.quote_name(model._meta.get_field(name).column)
            for name in (model._meta.pk.name, self.partition_by)
        )
        sql, found = re.subn(rf"({primary} [^,]*?) PRIMARY KEY", r"\1", sql, count=1)
        if found != 1:
            raise ValueError(f"no primary key column in: {sql}")
        columns = sql.rstrip().removesuffix(")")
        schema_editor.execute(
            f"{columns}, PRIMARY KEY ({primary}, {key})) PARTITION BY RANGE ({key})",
            params or None,
        )
        schema_editor.deferred_sql.extend(schema_editor._model_indexes_sql(model))  # type: ignore[attr-defined]  # noqa: SLF001

    def describe(self) -> str:
        return f"Create partitioned model {self.name} by {self.partition_by}"


class DatabaseOnDelete(Operation):
    """Give the foreign key of a table's column its ON DELETE rule in the database.

    The constraint is also made NOT DEFERRABLE. Names tables, not models, so that it
    serves third-party and many-to-many tables too. Django writes foreign keys at the
    end of a migration, so this belongs into a later one.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, table: str, column: str, rule: str = "CASCADE") -> None:
        self.table = table
        self.column = column
        self.rule = rule

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._replace(schema_editor, f"ON DELETE {self.rule}")

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        self._replace(schema_editor, "DEFERRABLE INITIALLY DEFERRED")

    def describe(self) -> str:
        return f"ON DELETE {self.rule} for {self.table}.{self.column}"

    def _replace(self, schema_editor: BaseDatabaseSchemaEditor, clause: str) -> None:
        quote = schema_editor.quote_name
        connection = schema_editor.connection
        # Django keeps foreign keys back until the end of a migration.
        with connection.cursor() as cursor:
            constraints = connection.introspection.get_constraints(cursor, self.table)
        (name, (to_table, to_column)) = next(
            (name, found["foreign_key"])
            for name, found in constraints.items()
            if found["foreign_key"] and found["columns"] == [self.column]
        )
        schema_editor.execute(
            f"ALTER TABLE {quote(self.table)} DROP CONSTRAINT {quote(name)}"
        )
        schema_editor.execute(
            f"ALTER TABLE {quote(self.table)} ADD CONSTRAINT {quote(name)}"
            f" FOREIGN KEY ({quote(self.column)})"
            f" REFERENCES {quote(to_table)} ({quote(to_column)}) {clause}"
        )


def run_sql_files(migration_file: str, name: str) -> migrations.RunSQL:
    """Return what runs sql/<name>_up.sql beside a migration, and undoes it."""
    folder = Path(migration_file).parent / "sql"
    return migrations.RunSQL(
        (folder / f"{name}_up.sql").read_text(),
        (folder / f"{name}_down.sql").read_text(),
    )
