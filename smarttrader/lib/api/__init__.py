"""The wire of the user API: strict input, plain JSON, problems as RFC 9457 has them.

Nothing here knows of users or trades.
"""
