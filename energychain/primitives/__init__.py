"""Floor 0: units, bytes, digests, keys and Merkle trees. Imports nothing of ours."""
