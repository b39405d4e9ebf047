"""The ledger's promise, tested as a promise: a broadcast whose process is killed again and again, and worse.

`make chaos` runs all of it; `test_chaos.py` runs the same with fewer people and fewer kills.
"""
