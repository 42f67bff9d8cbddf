"""Measurements: each ends with a line `name ratio=… aim=…` against a ceiling measured in the same run."""
