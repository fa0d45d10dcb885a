"""Helpers of the Python tests. Nothing here imports the package under test at module level."""
