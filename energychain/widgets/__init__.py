"""
Floor 6: hands on. Explorers that a learner can touch, and break.

:class:`~energychain.widgets.token_day.TokenDayExplorer`,
:class:`~energychain.widgets.wallet.Wallet`,
:class:`~energychain.widgets.block_explorer.BlockExplorer`,
:class:`~energychain.widgets.market.MarketExplorer` and
:class:`~energychain.widgets.charging_quota.ChargingQuotaExplorer` each ask one question; at the
:class:`~energychain.widgets.charging_quota.Desk` a contract is called by hand.
"""
