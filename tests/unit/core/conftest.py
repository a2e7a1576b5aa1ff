"""Hypothesis for the whole tier: the same examples in every run, no clock."""

from hypothesis import settings

settings.register_profile("voltring", deadline=None, derandomize=True, max_examples=60, database=None)
settings.load_profile("voltring")
