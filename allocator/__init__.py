"""The fellowship allocator: who gets travel support, decided within the rules and provably best."""

__version__ = "0.1.0"
