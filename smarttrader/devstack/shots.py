"""Which pages are pictured, and what is done on them first."""

from dataclasses import dataclass

EMAIL, NEWCOMER = "alice@example.com", "charlie@example.com"
STAFF, RESELLER = "admin@example.com", "bob@example.com"


@dataclass(frozen=True)
class Step:
    """A field that is filled in or chosen from, or without a text what is pressed."""

    selector: str
    text: str = ""


@dataclass(frozen=True)
class Shot:
    """A page: its path, or what the first link there leads to that a selector names."""

    path: str
    link: str = ""
    page: str = ""  # what is added to the link's address
    then: str = ""  # a link of that page, which leads to the one that is pictured
    error: str = ""  # an error page, which a development server would not show
    email: str = EMAIL  # nobody's: empty
    is_whole: bool = True  # below the fold, too
    steps: tuple[Step, ...] = ()


SHOTS = {
    "overview": Shot("/", is_whole=False),
    "first-run": Shot("/", email=NEWCOMER),
    "bots": Shot("/bots/"),
    "bot": Shot("/bots/", link="a.who"),
    "bot-stop": Shot("/bots/", link="a.who", page="stop/"),
    "bot-settings": Shot("/bots/", link="a.who", page="settings/"),
    "public-page": Shot("/bots/", link="a.who", page="track-record/"),
    "track-record": Shot(
        "/bots/", link="a.who", page="track-record/", then="a.link[href^='/t/']"
    ),
    "connect": Shot("/connect/"),
    "trades": Shot("/trades/"),
    "trade": Shot("/trades/", link="tbody a"),
    "performance": Shot("/performance/"),
    "subscription": Shot("/subscription/"),
    "statements": Shot("/statements/"),
    "licenses": Shot("/licenses/"),
    "license": Shot("/licenses/", link="text=History"),
    "license-reset": Shot("/licenses/", link="text=Unlock from the computer"),
    "license-release": Shot("/licenses/", link="text=Release"),
    "notifications": Shot("/notifications/"),
    "digest": Shot("/notifications/digest/"),
    "settings": Shot("/settings/"),
    "notification-settings": Shot("/settings/notifications/"),
    "sign-in": Shot("/accounts/login/", email=""),
    **{
        f"error-{name}": Shot("/nothing/", email="", error=name)
        for name in ("400", "403", "404", "429", "500", "503", "maintenance")
    },
    "trades-filtered": Shot("/trades/?symbol=XAUUSD&result=lost"),
    "trades-none": Shot("/trades/?symbol=NOPE"),
    "trades-refused": Shot("/trades/?closed_from=2026-03-03&closed_to=2026-03-02"),
    **{
        f"{path}-empty": Shot(f"/{path}/", email=NEWCOMER)
        for path in (
            *("bots", "connect", "performance", "trades", "statements"),
            *("licenses", "subscription", "notifications"),
        )
    },
    "back-office": Shot("/admin/", email=STAFF),
    "back-office-of-reseller": Shot("/admin/", email=RESELLER),
    "back-office-issue": Shot("/admin/licensing/license/issue/", email=RESELLER),
}

# --- The back office ------------------------------------------------------------------
# Lists by what stands behind /admin/; those of large tables show who is searched for.
LISTS = {
    "accounts/user": "",
    "accounts/authevent": "",
    "admin/logentry": "",
    "licensing/license": "",
    "licensing/plan": "",
    "licensing/licenseevent": "",
    "licensing/licensehold": "",
    "licensing/trialuse": "",
    "licensing/reseller": "",
    "licensing/allotment": "",
    "licensing/allotmententry": "",
    "bots/botinstance": "",
    "bots/botsettings": "",
    "bots/settingschange": "",
    "bots/botcommand": "",
    "bots/guardbreach": "",
    "bots/botlog": EMAIL,
    "billing/subscription": "",
    "billing/subscriptionevent": "",
    "billing/renewal": "",
    "billing/payment": "",
    "billing/invoice": "",
    "billing/creditnote": "",
    "billing/providerevent": "",
    "trading/trade": EMAIL,
    "trading/tradehistory": "",
    "trading/statementimport": "",
    "analytics/performancemetric": EMAIL,
    "analytics/rollupdirty": "",
    "analytics/statementcheck": "",
    "analytics/publictrackrecord": "",
    "notifications/notification": "",
    "notifications/delivery": "",
    "jobs/jobrun": "",
    "jobs/jobrequest": "",
    "jobs/archivedpartition": "",
    "jobs/invariant": "",
}
# Whose first row is opened as well.
OPENED = (
    *("accounts/user", "accounts/authevent", "licensing/license", "licensing/plan"),
    *("licensing/licenseevent", "licensing/reseller", "bots/botinstance"),
    *("bots/botsettings", "bots/settingschange", "billing/subscription"),
    *("billing/subscriptionevent", "billing/payment", "billing/invoice"),
    *("trading/trade", "notifications/delivery", "jobs/jobrun"),
)
FIRST_ROW = "#result_list tbody th a"
CHOSEN = Step("#result_list tbody input[type=checkbox]")


def _list(model: str) -> str:
    words = LISTS[model]
    return f"/admin/{model}/?q={words}" if words else f"/admin/{model}/"


def _acting(model: str, action: str) -> Shot:
    """Return the page that asks before an action is done to the first row of a list."""
    choice = Step("select[name=action]", action)
    return Shot(
        _list(model), email=STAFF, steps=(CHOSEN, choice, Step("button[name=index]"))
    )


ORDER = (
    Step("#id_owner", EMAIL),
    Step("#id_reason", "They helped at the fair"),
    Step("#id_quantity", "3"),
    Step("input[name=confirmed]"),
)
SHOTS |= {
    **{
        f"office-{model.replace('/', '-')}": Shot(_list(model), email=STAFF)
        for model in LISTS
    },
    **{
        f"office-{model.replace('/', '-')}-row": Shot(
            _list(model), link=FIRST_ROW, email=STAFF
        )
        for model in OPENED
    },
    "office-search": Shot(
        "/admin/",
        email=STAFF,
        steps=(Step("#search-all-text", EMAIL), Step("#search-all button")),
    ),
    "office-app": Shot("/admin/jobs/", email=STAFF),
    "office-unfound": Shot("/admin/trading/trade/?q=nobody@example.com", email=STAFF),
    "office-untold": Shot("/admin/trading/trade/", email=STAFF),
    "office-user-add": Shot("/admin/accounts/user/add/", email=STAFF),
    "office-user-delete": Shot(
        "/admin/accounts/user/?q=alice",
        link=FIRST_ROW,
        email=STAFF,
        steps=(Step("a.deletelink"),),
    ),
    "office-user-history": Shot(
        "/admin/accounts/user/", link=FIRST_ROW, page="../history/", email=STAFF
    ),
    "office-grant": Shot("/admin/licensing/allotment/grant/", email=STAFF),
    "office-sales": Shot("/admin/licensing/allotmententry/report/", email=STAFF),
    "office-revenue": Shot("/admin/billing/payment/revenue/", email=STAFF),
    "office-partitions": Shot("/admin/jobs/archivedpartition/partitions/", email=STAFF),
    "office-subscription-start": Shot(
        "/admin/billing/subscription/start/", email=STAFF
    ),
    "office-subscription-paid": Shot(
        "/admin/billing/subscription/", link=FIRST_ROW, page="../paid/", email=STAFF
    ),
    "office-subscription-change": Shot(
        "/admin/billing/subscription/",
        link=FIRST_ROW,
        page="../change-plan/",
        email=STAFF,
    ),
    "office-refund": Shot(
        "/admin/billing/payment/", link=FIRST_ROW, page="../refund/", email=STAFF
    ),
    "office-issue": Shot("/admin/licensing/license/issue/", email=STAFF),
    "office-issue-read-over": Shot(
        "/admin/licensing/license/issue/", email=STAFF, steps=ORDER
    ),
    "office-issued": Shot(
        "/admin/licensing/license/issue/",
        email=STAFF,
        steps=(*ORDER, Step("input[name=agreed]")),
    ),
    "office-suspend": _acting("licensing/license", "suspend"),
    "office-transfer": _acting("licensing/license", "transfer"),
    "office-cancel": _acting("billing/subscription", "cancel_at_once"),
    "office-reseller-suspend": _acting("licensing/reseller", "suspend"),
    "office-run-again": _acting("jobs/jobrun", "run_again"),
    "office-users-delete": _acting("accounts/user", "delete_selected"),
    "office-reseller-licenses": Shot("/admin/licensing/license/", email=RESELLER),
    "office-reseller-customers": Shot("/admin/accounts/user/", email=RESELLER),
    "office-reseller-invite": Shot("/admin/accounts/user/add/", email=RESELLER),
    "office-reseller-allotment": Shot("/admin/licensing/allotment/", email=RESELLER),
}
