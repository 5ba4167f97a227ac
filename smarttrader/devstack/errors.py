"""What the supervisor says instead of a traceback."""


class DevstackError(Exception):
    """Something that the reader of the terminal can mend."""


class StopRequestedError(Exception):
    """Ctrl-C or a SIGTERM came while something was being waited for."""
