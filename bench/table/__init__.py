"""The truth: accuracies of cells in one HDF5 file."""
