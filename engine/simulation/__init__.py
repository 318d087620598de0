"""A market that never was: seeded paths, arbitrage-free smiles, listings and quotes, for demos and tests."""
