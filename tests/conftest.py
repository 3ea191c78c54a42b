"""One setting for all property tests: how long an example takes on a busy machine says nothing."""

import pytest
from hypothesis import settings

from tests.shared import keep_in

settings.register_profile("steady", deadline=None)
settings.load_profile("steady")


@pytest.fixture(scope="session", autouse=True)
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    keep_in(tmp_path_factory)
