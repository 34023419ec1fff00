"""A ranking before it trains: what was asked for, checked, and how long it would take."""
