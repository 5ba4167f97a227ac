"""The demo: its cast, a year of their trades, and the licenses of simulated EAs."""
