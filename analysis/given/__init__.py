"""What is shown of scores from elsewhere: their tau beside the baselines', tables, points."""
