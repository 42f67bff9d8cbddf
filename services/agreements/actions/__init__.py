"""The use cases: load, ask the domain, save, say. Each works in the transaction it is given."""
