"""Recipes: how weights and scores come about."""
