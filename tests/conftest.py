"""One profile for all property tests: the same examples on every machine and in every run."""

from hypothesis import settings

settings.register_profile("energychain", derandomize=True, deadline=None, database=None)
settings.load_profile("energychain")
