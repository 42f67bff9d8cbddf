"""The rules of notices: who is told what, where it is sent, and how often it is tried."""
