"""Floor 1: transactions, blocks, state and the chain that orders them."""
