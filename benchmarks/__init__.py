"""Questions of speed and quality, one script each, with a ledger of every run."""
