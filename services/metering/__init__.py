"""Metering: what suppliers' systems did, counted.

Owns call records, counts, refused calls and sealed quarters; the supplier's own words stand behind every number.
Says usage (absolute totals) and that a quarter is sealed.
Listens to access grants, systems and certificates, and to suppliers' signed calls on `metering.calls`.
"""
