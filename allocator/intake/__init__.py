"""A file becomes eligible, scored and costed applications."""
