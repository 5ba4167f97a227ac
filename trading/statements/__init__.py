"""MetaTrader 4 account statements: reading them, and MetaTrader's own arithmetic."""
