"""The tables of this service; nothing else knows them. Functions take a connection and never commit."""
