"""What all else stands on: names, files, random streams, command lines, processes."""
