"""Rows looked at by people: which first, what they say about them, and a page to say it on."""
