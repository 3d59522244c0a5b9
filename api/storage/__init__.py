"""The record's storage: every transaction and every query of the service."""
