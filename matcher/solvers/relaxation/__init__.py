"""Linear relaxations: what no plan can beat, and what scarce capacity is worth."""
