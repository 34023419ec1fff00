"""Zero-cost proxies: scores of untrained networks from one batch of images."""
