"""A consistent copy of every service's database, and the way back from it."""
