"""The double-entry ledger, positions and marks."""
