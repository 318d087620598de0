"""The domain: pricing, adjustment, replay, execution, risk, validation of strategies.

Pure Python, numpy and scipy: nothing in here knows Dagster or storage.
"""
