"""The leaderboard: what was measured on the same cells, and apart what others published."""
