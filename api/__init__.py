"""The brokerage service: one book of record over HTTP, decisions that hold, nightly runs."""
