"""The live catalog against docs/schema.md, which is the client's contract."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

pytestmark = pytest.mark.django_db

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "schema.md"
CLIENTS_COPY = Path(settings.BASE_DIR).parent / "shared" / "schema.md"

# The only departures from the document. PostgreSQL wants the partition key in each
# unique index of a partitioned table, so a reference to one has two columns; triggers
# enforce the one that there is, at a sixth of a declared key's cost.
PRIMARY_KEYS_WITH_PARTITION_KEY = {
    "trades": ["id", "opened_at"],
    "trade_history": ["id", "recorded_at"],
    "bot_logs": ["id", "created_at"],
}
REFERENCES_BY_TRIGGER = {
    ("trade_history", "trade_id"): ["trade_id", "trade_opened_at"],
}

# What the document does not know: a customer's reseller, what is paid for.
REFERENCES_BESIDE = {
    "users": {(("reseller_id",), "users"): "SET NULL"},
    "subscriptions": {(("license_id",), "licenses"): "SET NULL"},
}

# "Check Constraints" of the document, as values that pass and values that do not.
CHECKS = {
    "Users.email": (
        ["alice@example.com", "a.b+c@mail.example.co.uk"],
        ["", "alice", "alice@", "@example.com", "alice@example", "a b@example.com"],
    ),
    "Licenses.max_accounts": (["1", "2147483647"], ["0", "-1"]),
    "BotSettings.risk_percentage": (
        ["0.1", "2", "10"],
        ["0", "0.09", "10.01", "-1", "NaN"],
    ),
    "Trades.lot_size": (["0.01", "100"], ["0", "-0.01", "NaN"]),
    "PerformanceMetrics.win_rate": (["0", "55.55", "100"], ["-0.01", "100.01", "NaN"]),
}

TYPES = {
    "BOOLEAN": "boolean",
    "DECIMAL": "numeric",
    "ENUM": "character varying",
    "INTEGER": "integer",
    "JSONB": "jsonb",
    "TEXT": "text",
    "TEXT[]": "text[]",
    "TIMESTAMP": "timestamp with time zone",
    "UUID": "uuid",
    "VARCHAR": "character varying",
}
CONSTRAINED_COLUMNS = (
    "ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY key (number, at)"
    " JOIN pg_attribute ON attrelid = conrelid AND attnum = number ORDER BY at)"
)
PERIODS = {"daily": "1 day", "monthly": "1 mon"}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    rules: str
    description: str

    @property
    def is_enum(self) -> bool:
        return self.type == "ENUM"

    @property
    def default(self) -> str | None:
        found = re.search(r"DEFAULT (\S+)", self.rules)
        return found[1] if found else None

    @property
    def is_nullable(self) -> bool:
        return self.rules == "NULL"

    @property
    def catalog_type(self) -> str:
        name, *size = re.split(r"(?=\()", self.type)
        return TYPES[name] + "".join(size)


@dataclass
class Table:
    title: str
    columns: list[Column] = field(default_factory=list)
    indexes: list[tuple[str, bool]] = field(default_factory=list)  # column, unique
    references: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return table_name(self.title)


def table_name(title: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", title).lower()


def read_tables(text: str) -> list[Table]:
    tables = []
    for part in re.split(
        r"^### \d+\. ", text.split("## Database Constraints", maxsplit=1)[0], flags=re.M
    )[1:]:
        table = Table(part.split("\n", 1)[0].strip())
        for line in part.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("| ") and cells[0] != "Column":
                table.columns.append(Column(*cells))
        listed = part.split("**Indexes:**")[1].split("**Relationships:**")[0]
        for column, unique in re.findall(r"^- (\w+)( \(UNIQUE\))?$", listed, re.M):
            table.indexes.append((column, bool(unique)))
        for column, target, rule in re.findall(
            r"`(\w+)` FOREIGN KEY REFERENCES (\w+)\(id\) ON DELETE (\w+)", part
        ):
            table.references.append((column, table_name(target), rule))
        tables.append(table)
    return tables


TEXT = DOCUMENT.read_text()
TABLES = read_tables(TEXT)
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def select(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def catalog_columns(table: str) -> dict[str, tuple[str, bool, str | None]]:
    rows = select(
        "SELECT attname, format_type(atttypid, atttypmod), NOT attnotnull,"
        " pg_get_expr(adbin, adrelid)"
        " FROM pg_attribute LEFT JOIN pg_attrdef"
        " ON adrelid = attrelid AND adnum = attnum"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        table,
    )
    return {name: tuple(rest) for name, *rest in rows}


def constraints(table: str, kind: str) -> list[tuple[list[str], str]]:
    """Return (columns, definition) of each constraint; checks, keys or references."""
    return select(
        f"SELECT {CONSTRAINED_COLUMNS},"
        " pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = %s AND convalidated"
        " AND conparentid = 0",
        table,
        kind,
    )


def leading_columns(table: str, *, unique: bool) -> set[str]:
    """Return the columns that lead an index, or that are one unique index alone."""
    rows = select(
        "SELECT attname FROM pg_index JOIN pg_attribute"
        " ON attrelid = indrelid AND attnum = indkey[0]"
        " WHERE indrelid = %s::regclass AND indisvalid AND indpred IS NULL"
        " AND (NOT %s OR (indisunique AND indnkeyatts = 1))",
        table,
        unique,
    )
    return {name for (name,) in rows}


def test_document_has_ten_tables():
    assert [table.name for table in TABLES] == [
        "users",
        "licenses",
        "subscriptions",
        "bot_instances",
        "bot_settings",
        "trades",
        "trade_history",
        "performance_metrics",
        "bot_logs",
        "notifications",
    ]
    assert sum(len(table.columns) for table in TABLES) == 127
    assert sum(len(table.indexes) for table in TABLES) == 33
    assert sum(len(table.references) for table in TABLES) == 10


@pytest.mark.skipif(not CLIENTS_COPY.exists(), reason="a checkout on its own")
def test_document_is_the_clients():
    assert DOCUMENT.read_bytes() == CLIENTS_COPY.read_bytes()


@each_table
def test_columns_have_their_types(table):
    live = catalog_columns(table.name)

    # How long a varchar an enum needs is ours to choose.
    found = {
        column.name: re.sub(r"\(\d+\)$", "", kind) if column.is_enum else kind
        for column in table.columns
        for kind in [live[column.name][0]]
    }

    assert found == {column.name: column.catalog_type for column in table.columns}


@each_table
def test_columns_are_nullable_only_where_the_document_says_so(table):
    live = catalog_columns(table.name)

    nullable = {column.name for column in table.columns if live[column.name][1]}

    assert nullable == {column.name for column in table.columns if column.is_nullable}


@each_table
def test_columns_have_their_defaults(table):
    live = catalog_columns(table.name)

    for column in table.columns:
        expression = live[column.name][2]
        if column.default is None or column.default == "NOW()":
            assert expression == (column.default and "now()"), column.name
            continue
        assert expression is not None, column.name
        kind = column.catalog_type
        ((is_equal,),) = select(
            f"SELECT ({expression})::{kind} = ({column.default})::{kind}"
        )
        assert is_equal, column.name


@each_table
def test_enums_are_checked_for_exactly_the_listed_values(table):
    checks = constraints(table.name, "c")

    for column in (column for column in table.columns if column.is_enum):
        (definition,) = (text for columns, text in checks if columns == [column.name])
        assert "= ANY" in definition
        listed = column.description.split(", ")
        assert sorted(re.findall(r"'(\w+)'", definition)) == sorted(listed)


def test_check_constraints_of_the_document_are_all_tried():
    section = TEXT.split("### Check Constraints")[1].split("###")[0]

    assert re.findall(r"^- `([\w.]+)`", section, re.M) == list(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_check_constraint_passes_good_values_only(name):
    title, column = name.split(".")
    table = table_name(title)
    kind = catalog_columns(table)[column][0]
    checks = [
        definition.removeprefix("CHECK ")
        for columns, definition in constraints(table, "c")
        if columns == [column] or (column in columns and "NaN" in definition)
    ]
    others = {
        other: f"NULL::{live[0]}" for other, live in catalog_columns(table).items()
    }

    def passes(value: str) -> bool:
        row = ", ".join(
            f"{expression} AS {other}"
            for other, expression in ({**others, column: f"%s::{kind}"}).items()
        )
        ((holds,),) = select(
            "SELECT "
            + " AND ".join(f"({check}) IS NOT FALSE" for check in checks)
            + f" FROM (SELECT {row}) candidate",
            value,
        )
        return bool(holds)

    good, bad = CHECKS[name]
    assert {value: passes(value) for value in [*good, *bad]} == {
        **dict.fromkeys(good, True),
        **dict.fromkeys(bad, False),
    }


@each_table
def test_primary_key_is_the_id(table):
    ((columns, _),) = constraints(table.name, "p")

    assert columns == PRIMARY_KEYS_WITH_PARTITION_KEY.get(table.name, ["id"])


@each_table
def test_unique_columns_are_unique(table):
    section = TEXT.split("### Unique Constraints")[1].split("##")[0]
    named = {
        column
        for title, column in re.findall(r"`(\w+)\.(\w+)`", section)
        if title == table.title
    }
    named |= {column for column, unique in table.indexes if unique}
    named |= {column.name for column in table.columns if "UNIQUE" in column.rules}

    found = leading_columns(table.name, unique=True)

    assert named <= found


@each_table
def test_listed_columns_lead_an_index(table):
    listed = {column for column, _ in table.indexes}
    # "All foreign keys are indexed automatically", and the timestamps named beside it.
    listed |= {column for column, _, _ in table.references}
    listed |= {"created_at", "updated_at", "opened_at", "closed_at"} & {
        column.name for column in table.columns
    }

    found = leading_columns(table.name, unique=False)

    assert listed <= found


@each_table
def test_foreign_keys_have_their_delete_rules(table):
    expected = {
        (tuple(REFERENCES_BY_TRIGGER.get((table.name, column), [column])), target): rule
        for column, target, rule in table.references
    } | REFERENCES_BESIDE.get(table.name, {})

    rows = select(
        f"SELECT {CONSTRAINED_COLUMNS},"
        " confrelid::regclass::text,"
        " CASE confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'r' THEN 'RESTRICT'"
        " WHEN 'n' THEN 'SET NULL'"
        " ELSE confdeltype::text END, conenforced"
        " FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'"
        " AND conparentid = 0",
        table.name,
    )

    assert {(tuple(keys), target): rule for keys, target, rule, _ in rows} == expected
    by_trigger = {tuple(keys) for keys in REFERENCES_BY_TRIGGER.values()}
    assert [tuple(keys) in by_trigger for keys, *_ in rows] == [
        not enforced for *_, enforced in rows
    ]
    assert {
        column.name for column in table.columns if "FOREIGN KEY" in column.rules
    } == {column for column, _, _ in table.references}


@each_table
def test_partitions_are_the_documents(table):
    found = re.search(rf"\*\*{table.title}\*\*: Partition by `(\w+)` \((\w+)\)", TEXT)

    parents = select(
        "SELECT attname, partstrat, partnatts, partdefid FROM pg_partitioned_table"
        " JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]"
        " WHERE partrelid = %s::regclass",
        table.name,
    )
    spans = select(
        r"SELECT DISTINCT age((b[2])::timestamptz, (b[1])::timestamptz)::text"
        r" FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid,"
        r" regexp_match(pg_get_expr(relpartbound, c.oid),"
        r" 'FROM \(''(.*)''\) TO \(''(.*)''\)') b"
        r" WHERE inhparent = %s::regclass",
        table.name,
    )

    without_default_partition = 0
    assert parents == ([(found[1], "r", 1, without_default_partition)] if found else [])
    assert spans == ([(PERIODS[found[2]],)] if found else [])
