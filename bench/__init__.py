"""Measurements, run by ``make bench``; their figures go to ``docs/performance.md``."""
