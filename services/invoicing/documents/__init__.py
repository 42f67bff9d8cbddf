"""The documents of a finished invoice: its XML for computers, its PDF for people, and the gates both pass."""
