"""Run folders: what stages leave for each other."""
