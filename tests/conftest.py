"""One setting for all property tests: how long an example takes on a busy machine says nothing."""

from hypothesis import settings

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
