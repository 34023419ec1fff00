"""Where tables come from: official files, CSV, and tables of an older version."""
