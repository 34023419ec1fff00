"""Scores from elsewhere, ranked as those of supernets are."""
