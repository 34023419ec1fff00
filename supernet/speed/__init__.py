"""Speed of what runs on weights, measured beside the same thing as it is usually written."""
