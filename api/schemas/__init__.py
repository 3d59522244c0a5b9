"""What calls say and what they are answered, beside the nouns of the matcher itself."""
