"""As our own pages write them: the stock form says midnight, and a.m."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y H:i"
