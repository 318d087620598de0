"""The chain of assets, one module per stage; checks stand beside the asset that they guard."""
