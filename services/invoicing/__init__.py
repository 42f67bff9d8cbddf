"""Invoicing: what calls cost.

Owns: prices, the usage overview with money, and invoices, which once issued never change.
Says: price, invoice.
Listens to: organisation, service, agreement, trial (names and addresses), usage, quarter.
"""
