"""Floor 1: who trades how much with whom, and at which price. Arithmetic, no ledger."""
