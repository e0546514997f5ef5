"""
Floor 5: rows in, an Altair chart out. A chart computes no market and loads no file.

Every chart has a title, units on its axes and a description in words, and reads
without colour: each series also has its own dash, marker, pattern or label.

>>> from energychain import charts
>>> charts.setup()

makes a notebook draw, save and describe charts the same way everywhere.
"""

from energychain.charts.theme import as_table, setup

__all__ = ["as_table", "setup"]
