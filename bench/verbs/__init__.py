"""The verbs of bench/mixpath.py."""
