"""The asset that exports the ledger."""
