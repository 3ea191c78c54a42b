"""A round without its persons."""
from allocator.explain.result import Result
from allocator.intake.folder import LoadedRound
from allocator.model import PriorAward


class Pseudonyms:
    """Stub replaced at once."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of_loaded(self, loaded: LoadedRound) -> LoadedRound:
        """Refuse for now."""
        raise NotImplementedError

    def of_result(self, result: Result) -> Result:
        """Refuse for now."""
        raise NotImplementedError

    def of_award(self, award: PriorAward) -> PriorAward:
        """Refuse for now."""
        raise NotImplementedError
