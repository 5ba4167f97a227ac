"""What stops a process from serving: asked once, when it starts."""

from django.core.checks import Tags, run_checks

# No usable keyring, or another than the one that sealed the stored license keys.
STOPPING = ("smarttrader.E001", "smarttrader.E002")


def refuse_wrong_keyring() -> None:
    """End the process if it could not read license keys. Raises SystemExit.

    A database that is away stops nobody: it is the calls that say so, until it is back.
    """
    found = run_checks(tags=[Tags.security, Tags.database], databases=["default"])
    for problem in found:
        if problem.id in STOPPING:
            raise SystemExit(f"{problem.id}: {problem.msg}")
