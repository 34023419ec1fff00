"""How well scores rank truths."""
