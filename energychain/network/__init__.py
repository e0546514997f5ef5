"""Floor 3: who keeps what, and how messages travel."""
