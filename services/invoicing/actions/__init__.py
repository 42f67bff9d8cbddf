"""Use cases: load, ask the domain, save, say; one transaction each."""
