"""Floor 2: who bids what. Prosumers with a utility, and bidders that learn."""
