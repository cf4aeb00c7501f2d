"""A dataset in parts: each asked on its own, wherever, and merged to what one process would have made."""
