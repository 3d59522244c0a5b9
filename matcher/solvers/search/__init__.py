"""The search for plans: stages in order, each by several ways to improve."""
