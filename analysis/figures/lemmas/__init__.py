"""The paper's two Lemmas where they can fail."""
