"""From rows to a release, and from a release to a version on the Hub."""
