"""Requests in, answers out: the store, the engine that asks in the background, and who is asked."""
