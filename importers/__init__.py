"""Sources read, rows written: how the store is filled."""
