"""
Floor 4: one source system, one module. Each runs its system and holds every number
that its source prints against the computed one.
"""

from collections.abc import Callable, Mapping

from energychain.studies import (
    business_models_claims,
    charging_quota_claims,
    dc_fault_claims,
    double_spend_claims,
    load_shifting_claims,
    token_day_claims,
)
from energychain.studies.claims import Claim

STUDIES: Mapping[str, Callable[[], list[Claim]]] = {
    "token_day": token_day_claims.claims,
    "charging_quota": charging_quota_claims.claims,
    "business_models": business_models_claims.claims,
    "dc_fault": dc_fault_claims.claims,
    "double_spend": double_spend_claims.claims,
    "load_shifting": load_shifting_claims.claims,
}
"""The claims of each study, by name."""
