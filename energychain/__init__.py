"""
energychain: blockchain-based energy systems, to read, run and take apart.

Two wings on one ground floor: a ledger (who said what, in which order) and energy
(what physically and economically happened), which meet in contracts. Begin with
``lessons/00_start_here.ipynb``, or with three lines:

>>> from energychain.studies import token_day
>>> day = token_day.run()
>>> day.balance("node 2", "2017-07-04T23:00")
'40.286'
"""

__version__ = "0.1.0"
