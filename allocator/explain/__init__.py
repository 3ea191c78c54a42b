"""Why each decision fell as it did, what else was possible, and for whom."""
