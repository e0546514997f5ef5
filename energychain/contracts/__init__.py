"""
Floor 2: what a call does. Each contract is a pure function; see
:mod:`energychain.ledger.state` for what it sees and answers.
"""

from collections.abc import Mapping

from energychain.contracts.bank import bank
from energychain.contracts.charging_quota import charging_quota
from energychain.contracts.demand_response import demand_response
from energychain.contracts.energy_trade import energy_trade
from energychain.contracts.measurement_log import measurement_log
from energychain.contracts.posted_auction import posted_auction
from energychain.contracts.sealed_auction import sealed_auction
from energychain.contracts.token import token
from energychain.ledger.state import Contract

CONTRACTS: Mapping[str, Contract] = {
    "token": token,
    "bank": bank,
    "energy_trade": energy_trade,
    "charging_quota": charging_quota,
    "sealed_auction": sealed_auction,
    "posted_auction": posted_auction,
    "measurement_log": measurement_log,
    "demand_response": demand_response,
}
"""The contracts of the testbed's chain, of the charging-quota evening, of auctions that
anybody can check, of measurements that a third party may ask for and of demand response, by
name.
"""
