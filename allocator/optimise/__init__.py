"""Eligible applications become a proven, tie-free best allocation."""
