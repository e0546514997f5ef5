"""
The contracts of the four business models, as a set: for a chain that is not the testbed's.
"""

from collections.abc import Mapping

from energychain.contracts.crowdsale import crowdsale
from energychain.contracts.flexibility import flexibility
from energychain.contracts.over_the_counter import over_the_counter
from energychain.contracts.peer_to_peer import peer_to_peer
from energychain.contracts.token import token
from energychain.ledger.state import Contract

BUSINESS_MODELS: Mapping[str, Contract] = {
    "token": token,
    "peer_to_peer": peer_to_peer,
    "flexibility": flexibility,
    "over_the_counter": over_the_counter,
    "crowdsale": crowdsale,
}
"""The four business models of Shafie-khah (ed., 2020), chapter 5, and the tokens they pay in."""
