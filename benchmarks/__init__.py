"""How fast the package is, as ratios to the bare work measured beside it in one run."""
