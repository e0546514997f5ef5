"""
Floor 6: hands on. Explorers that a learner can touch, and break.

:class:`~energychain.widgets.token_day.TokenDayExplorer`,
:class:`~energychain.widgets.wallet.Wallet`,
:class:`~energychain.widgets.block_explorer.BlockExplorer`,
:class:`~energychain.widgets.market.MarketExplorer` and
:class:`~energychain.widgets.charging_quota.ChargingQuotaExplorer` each ask one question; at the
:class:`~energychain.widgets.charging_quota.Desk` a contract is called by hand.

Digests, signatures, proofs and mining (:mod:`~energychain.widgets.avalanche`,
:mod:`~energychain.widgets.signing`, :mod:`~energychain.widgets.merkle_proof`,
:mod:`~energychain.widgets.mining`), forks and consensus (:mod:`~energychain.widgets.forks`,
:mod:`~energychain.widgets.consensus`), contracts (:mod:`~energychain.widgets.contracts`), load
shifting, prosumers and learners (:mod:`~energychain.widgets.load_shifting`,
:mod:`~energychain.widgets.prosumer`, :mod:`~energychain.widgets.q_table`), event days
(:mod:`~energychain.widgets.demand_response`), the DC line (:mod:`~energychain.widgets.dc_fault`,
:mod:`~energychain.widgets.dc_attacks`), scale and privacy (:mod:`~energychain.widgets.scale`,
:mod:`~energychain.widgets.privacy`) have explorers of their own.
"""
