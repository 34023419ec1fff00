"""Scores from elsewhere: which cells they are of, and a user's files of them."""
