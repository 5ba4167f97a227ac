"""What stops a process from serving: asked once, when it starts."""

from django.conf import settings
from django.core.checks import Tags, run_checks

# No usable keyring, another than the one that sealed the stored license keys, secrets
# that everybody knows.
STOPPING = ("smarttrader.E001", "smarttrader.E002", "smarttrader.E004")


def refuse_unsafe_secrets() -> None:
    """End the process if its secrets are not the right ones. Raises SystemExit.

    A database that is away stops nobody: it is the calls that say so, until it is back.
    """
    found = run_checks(
        tags=[Tags.security, Tags.database],
        databases=["default"],
        include_deployment_checks=not settings.DEBUG,
    )
    for problem in found:
        if problem.id in STOPPING:
            raise SystemExit(f"{problem.id}: {problem.msg}")
