"""The development supervisor: PostgreSQL, Valkey and the product's processes.

It knows nothing of the product but the commands it starts: `python -m
smarttrader.devstack --help`.
"""
