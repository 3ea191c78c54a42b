"""Columns of a table become lists of values, one per row; what cannot be read becomes problems."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from allocator.errors import Problem, Where, problem
from allocator.intake.columns import Vocabulary, match
from allocator.intake.folding import plain, word
from allocator.intake.tables import Table
from allocator.intake.values import FORMULA_ERRORS, Unreadable
from allocator.intake.words import NOT_KNOWN
from allocator.model import Severity

# Texts of people, or what identifies them: never repeated in a message.
_PERSONAL = frozenset({"person_id", "family_name", "given_name", "specific_needs", "role"})
_LONGEST_GENDER_SHOWN = 12


@dataclass(slots=True)
class Reading:
    """A table being read: its columns, the problems so far, and the rows that are out.

    ``extra`` has (header, position) of the columns that the vocabulary does not know.
    """

    table: Table
    known: dict[str, int]
    extra: tuple[tuple[str, int], ...]
    problems: list[Problem]
    out: set[int] = field(default_factory=set)

    def has(self, name: str) -> bool:
        """Tell whether the file has the column."""
        return name in self.known

    def cells(self, name: str) -> list[str]:
        """Return a column's cells, blank throughout where the file has no such column."""
        if name not in self.known:
            return [""] * len(self.table.rows)
        position = self.known[name]
        return [row.cells[position] for row in self.table.rows]

    def where(self, place: int, name: str = "") -> Where:
        """Return the place of a cell by position of its row and name of its column."""
        header = self.table.headers[self.known[name]] if name in self.known else name
        return self.table.where(self.table.rows[place].number, header)

    def refuse(self, place: int, name: str, code: str, value: str = "", **fields: object) -> None:
        """Name an error and leave its row out."""
        self.out.add(place)
        shown = _shown(name, value)
        where = self.where(place, name)
        self.problems.append(
            problem(code, where, severity=Severity.ERROR, value=shown, column=name, **fields)
        )

    def remark(
        self, severity: Severity, where: Where, code: str, value: str = "", **fields: object
    ) -> None:
        """Name a warning or a note."""
        self.problems.append(problem(code, where, severity=severity, value=value, **fields))

    def read[T](self, name: str, reader: Callable[[str], T], otherwise: T) -> list[T]:
        """Read a column.

        Parameters
        ----------
        name : str
            The column.
        reader : callable
            Gives a value, or raises ``Unreadable``; called once for each different text.
        otherwise : object
            The value of rows that cannot be read (and are out).
        """
        cells = self.cells(name)
        values: dict[str, T] = {}
        refused: dict[str, Unreadable] = {}
        for cell in dict.fromkeys(cells):
            try:
                values[cell] = _checked(reader, cell)
            except Unreadable as refusal:
                values[cell], refused[cell] = otherwise, refusal
        for place, cell in enumerate(cells) if refused else ():
            if refusal_of_it := refused.get(cell):
                self.refuse(place, name, refusal_of_it.code, cell, **refusal_of_it.fields)
        return [values[cell] for cell in cells]

    def read_needed[T](self, name: str, reader: Callable[[str], T], otherwise: T) -> list[T]:
        """Read a column whose absence is an error of the file, not of each row."""
        if not self.has(name):
            return [otherwise] * len(self.table.rows)
        return self.read(name, reader, otherwise)

    def texts(self, name: str) -> list[str]:
        """Read a column of free text; a failed formula in it is a warning and reads as blank."""
        texts = [plain(cell) for cell in self.cells(name)]
        for place, text in enumerate(texts):
            if is_formula_error(text):
                texts[place] = ""
                where = self.where(place, name)
                self.remark(Severity.WARNING, where, "intake-formula-error", text, column=name)
        return texts


def open_table(table: Table, vocabulary: Vocabulary) -> Reading:
    """Match a table's headers with the vocabulary and start to read it."""
    where = table.where(table.header_row)
    matched, problems = match(table.headers, where, vocabulary)
    reading = Reading(table, matched.known, matched.extra, [*table.problems, *problems])
    shifted = {each.where.row for each in table.problems if each.severity is Severity.ERROR}
    reading.out.update(
        place for place, row in enumerate(table.rows) if shifted and row.number in shifted
    )
    _warn_of_failed_formulas(reading)
    return reading


def headers_fail(problems: Iterable[Problem], header_row: int) -> bool:
    """Tell whether a required column is missing or claimed twice, so that no row can be used."""
    return any(
        each.severity is Severity.ERROR and each.where.row == header_row for each in problems
    )


def _warn_of_failed_formulas(reading: Reading) -> None:
    for header, position in reading.extra:
        for row in reading.table.rows:
            if is_formula_error(row.cells[position]):
                where = reading.table.where(row.number, header)
                shown = row.cells[position]
                reading.remark(
                    Severity.WARNING, where, "intake-formula-error", shown, column=header
                )


def is_formula_error(text: str) -> bool:
    """Tell whether a cell shows that its formula failed."""
    return text.startswith("#") and text.upper() in FORMULA_ERRORS


def optional[T](reader: Callable[[str], T]) -> Callable[[str], T | None]:
    """Make a reader give ``None`` for a cell that is blank or says that it is not known."""

    def read(text: str) -> T | None:
        return None if not text or word(text) in NOT_KNOWN else reader(text)

    return read


def _checked[T](reader: Callable[[str], T], cell: str) -> T:
    if is_formula_error(cell):
        raise Unreadable("intake-formula-error")
    return reader(cell)


def _shown(name: str, value: str) -> str:
    if is_formula_error(value):
        return value
    if name == "gender" and (len(value) > _LONGEST_GENDER_SHOWN or " " in value):
        return ""
    return "" if name in _PERSONAL else value
