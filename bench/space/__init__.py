"""Search spaces: which architectures there are."""
