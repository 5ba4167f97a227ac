"""An example of every body in the document, made from its schema and its names."""

from collections.abc import Iterator
from typing import Any

MEDIA_TYPES = (
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
)
IDENTIFIER = "019b76da-8000-7000-8000-00000000002a"
# What a reader knows at once; the rest is told by the type.
BY_NAME: dict[str, Any] = {
    "account_currency": "USD",
    "balance": "10250.55",
    "broker_name": "Example Markets",
    "broker_server": "ExampleMarkets-Demo",
    "close_price": "1.10300",
    "code": "123456",
    "comment": "breakout",
    "commission": "-0.50",
    "currency": "USD",
    "current_price": "1.10310",
    "days": "12345",
    "detail": "We have sent you a mail: it says how to go on.",
    "ea_version": "2.1",
    "email": "alice@example.com",
    "end": "16:30",
    "equity": "10230.10",
    "field": "lot_size",
    "file_name": "DetailedStatement.htm",
    "first_name": "Alice",
    "gross_loss": "120.00",
    "gross_profit": "310.00",
    "hardware_id": "PC-1",
    "instance_name": "Scalper on EURUSD",
    "language": "en",
    "last_name": "Adams",
    "limits_currency": "USD",
    "license_key": "SST-7QK2M-0XW4R-9TBHC-3NEYV-5D",
    "lot_size": "0.10",
    "masked_key": "SST-*****-*****-*****-*****-5D",
    "max_daily_loss": "100.00",
    "max_drawdown_percentage": "20.00",
    "metadata": {"spread": "1.2"},
    "mt4_account": "900100",
    "next_cursor": None,
    "open_price": "1.10250",
    "password": "correct horse battery staple",
    "printed_at": "2026 March 2, 10:00",
    "profit": "5.00",
    "profit_percentage": "0.4500",
    "reason": "New computer",
    "risk_percentage": "1.25",
    "start": "08:00",
    "symbol": "EURUSD",
    "swap": "-0.20",
    "ticket_number": "70001",
    "time_zone": "Europe/Berlin",
    "trading_pairs": ["EURUSD", "GBPUSD"],
    "win_rate": "62.50",
}
OF_EAS: dict[str, Any] = {
    "closed_at": "2026.03.02 11:30:00",
    "created_at": "2026.03.02 10:05:00",
    "opened_at": "2026.03.02 10:00:05",
    "recorded_at": "2026.03.02 10:05:00",
    "server_time": 1_795_607_473,
    "token_expires_at": 1_796_212_273,
    "trading_pairs": "EURUSD,GBPUSD",
}
BY_FORMAT = {
    "uuid": IDENTIFIER,
    "date-time": "2026-03-02T10:00:05Z",
    "decimal": "12.50",
    "email": "alice@example.com",
    "binary": "(the file)",
}
REQUEST_ID = "^[0-9a-f]{32}$"


def add_examples(document: dict[str, Any]) -> None:
    """Give each JSON body and form without an example one that its schema allows."""
    for path, media in _bodies(document):
        if "example" in media or "examples" in media:
            continue
        names = BY_NAME | (OF_EAS if path.startswith("/api/v1/ea/") else {})
        value = _Maker(document["components"]["schemas"], names).make(media["schema"])
        media["examples"] = {"example": {"value": value}}


def _bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            holders = [
                operation.get("requestBody", {}),
                *operation["responses"].values(),
            ]
            for holder in holders:
                for media_type, media in holder.get("content", {}).items():
                    if media_type in MEDIA_TYPES:
                        yield path, media


class _Maker:
    def __init__(self, schemas: dict[str, Any], names: dict[str, Any]) -> None:
        self.schemas = schemas
        self.names = names

    def make(self, schema: dict[str, Any], name: str = "") -> Any:
        if "$ref" in schema:
            return self.make(self.schemas[schema["$ref"].rpartition("/")[2]], name)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        for choice in ("allOf", "anyOf", "oneOf"):
            if choice in schema:
                return self._named(name, schema[choice][0])
        return self._named(name, schema)

    def _named(self, name: str, schema: dict[str, Any]) -> Any:
        kinds = schema.get("type", "object")
        kind = kinds if isinstance(kinds, str) else kinds[0]
        known = self.names.get(name)
        if name in self.names and (known is None or _is(kind, known)):
            return known
        if kind == "number" and known is not None:
            return float(known)  # an example of what JSON writes
        return self._of_kind(kind, schema, name)

    def _of_kind(self, kind: str, schema: dict[str, Any], name: str) -> Any:
        if "$ref" in schema or "enum" in schema:
            return self.make(schema, name)
        if kind == "object":
            properties = schema.get("properties", {})
            return {each: self.make(of, each) for each, of in properties.items()}
        if kind == "array":
            return [self.make(schema["items"])]
        if kind == "string":
            return self._text(schema)
        if kind == "boolean":
            return True
        return schema.get("minimum", 1) if kind == "integer" else 1.5

    def _text(self, schema: dict[str, Any]) -> str:
        if schema.get("pattern") == REQUEST_ID:
            return IDENTIFIER.replace("-", "")
        return BY_FORMAT.get(schema.get("format", ""), "text")


def _is(kind: str, value: Any) -> bool:
    kinds = {"string": str, "array": list, "object": dict}
    return kind in kinds and isinstance(value, kinds[kind])
