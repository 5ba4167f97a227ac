"""What lower apps announce is told, within the transaction of its cause."""

from notifications.receivers import (  # noqa: F401 -- they connect themselves
    accounts,
    billing,
    bots,
    guard,
    licensing,
    trading,
)
