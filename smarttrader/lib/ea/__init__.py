"""The wire between an Expert Advisor and us: tolerant input, strict and flat output.

docs/ea-protocol.md is the contract. Nothing here knows of bots or trades.
"""
