"""The evidence: written once, checked without a solver."""
