"""What the analyses need of trained weights."""
