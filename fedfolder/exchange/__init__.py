"""The exchange: signed messages as files in folders that nobody guards. Knows bytes, names and order; no statistics."""
