"""Ink: tables, figures and the page, drawn from the CSV files of run folders."""
