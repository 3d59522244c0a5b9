"""The problem as arrays: who waits, who could serve them and when. No solver is in here."""
