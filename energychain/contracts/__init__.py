"""
Floor 2: what a call does. Each contract is a pure function; see
:mod:`energychain.ledger.state` for what it sees and answers.
"""

from collections.abc import Mapping

from energychain.contracts.bank import bank
from energychain.contracts.energy_trade import energy_trade
from energychain.contracts.token import token
from energychain.ledger.state import Contract

CONTRACTS: Mapping[str, Contract] = {"token": token, "bank": bank, "energy_trade": energy_trade}
"""The contracts of the testbed's chain, by name."""
