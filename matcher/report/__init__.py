"""What people read: each noun laid out for a terminal, plainly, in eighty columns or more."""
