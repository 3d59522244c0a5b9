"""Carematch: ranked, explained options and checked allocations for council care brokerage."""

__version__ = "0.2.0"
