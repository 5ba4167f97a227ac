"""A history of any size: made-up owners, bots, trades and ticks, for measuring."""
