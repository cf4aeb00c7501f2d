"""Whether an answer becomes a row: parsing, checks of its own, and duplicates in row order."""
