"""Exact models for CP-SAT, and the searches that run them."""
