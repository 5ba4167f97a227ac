"""EAs: report trades, the prices while they are open, and all at once."""
