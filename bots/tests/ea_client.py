"""An EA as the tests play it: raw requests, replies as they came."""

import json
from typing import Any

from django.test import Client

from accounts.models import User
from licensing.models import LicenseType
from licensing.services.issuing import issue_license
from smarttrader.lib import clock

ACTIVATION = {
    "mt4_account": "900100",
    "broker_name": "Example Markets",
    "broker_server": "ExampleMarkets-Demo",
    "hardware_id": "PC-1",
    "account_currency": "USD",
}


def license_key_of(
    user: User, plan: LicenseType = LicenseType.PRO, **terms: Any
) -> str:
    return issue_license(user=user, license_type=plan, now=clock.now(), **terms).key


class Ea:
    """Calls by name; `token` is sent in the header once there is one."""

    def __init__(self) -> None:
        self.client = Client()
        self.token = ""
        self.status = 0
        self.headers: Any = {}

    def call(self, name: str, body: Any = None, **fields: Any) -> dict[str, Any]:
        content = json.dumps(fields if body is None else body)
        return self.send(name, content.encode(), "application/json")

    def send(
        self, name: str, content: bytes, content_type: str = "", **headers: str
    ) -> dict[str, Any]:
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        response = self.client.generic(
            "POST", f"/api/v1/ea/{name}", content, content_type, headers=headers
        )
        self.status, self.headers = response.status_code, response.headers
        self.text = response.content.decode("ascii")
        reply: dict[str, Any] = json.loads(self.text) if self._is_json() else {}
        return reply

    def activate(self, license_key: str, **changes: Any) -> dict[str, Any]:
        reply = self.call(
            "activate", license_key=license_key, **{**ACTIVATION, **changes}
        )
        self.token = reply.get("token", self.token)
        return reply

    def _is_json(self) -> bool:
        return "json" in self.headers["Content-Type"]
