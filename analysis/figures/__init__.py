"""One figure a file, each ending with its registry entry."""
