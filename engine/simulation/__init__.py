"""Generated markets: paths, smiles, chains."""
