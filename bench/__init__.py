"""Numbers: cells, spaces, the table, protocols, rankings, run folders and the command lines."""
