"""
Floor 6: hands on. Explorers that a learner can touch, and break.

:class:`~energychain.widgets.token_day.TokenDayExplorer`,
:class:`~energychain.widgets.wallet.Wallet` and
:class:`~energychain.widgets.block_explorer.BlockExplorer` each ask one question.
"""
