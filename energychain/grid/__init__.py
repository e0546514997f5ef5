"""Floor 1: what physically happened: meters, lines, loads."""
