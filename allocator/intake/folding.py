"""Text is brought to the form in which it is matched: what nobody sees or hears is left out."""

import unicodedata

# Letters that no Unicode decomposition takes apart.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}  # noqa: RUF001
)
# Only a matter of speed: what ``fold`` does to ASCII.
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}


def plain(text: str) -> str:
    """Return the text without differences that nobody sees.

    Compatibility forms (full-width letters, no-break spaces) become their plain form, the digits of
    any script become 0-9, invisible marks go, white space collapses.
    """
    if text.isascii():
        return " ".join(text.split())
    kept: list[str] = []
    # The acute accent on its own, used as an apostrophe, would decompose into a space.
    for letter in unicodedata.normalize("NFKC", text.replace("´", "'")):  # noqa: RUF001
        if unicodedata.category(letter) == "Cf" or letter in "\ufe0e\ufe0f":
            continue
        digit = unicodedata.decimal(letter, None)
        kept.append(letter if digit is None else str(digit))
    return " ".join("".join(kept).split())


def unaccented(text: str) -> str:
    """Return the plain text in small letters and without accents, punctuation kept."""
    small = plain(text).casefold()
    if small.isascii():
        return small
    split = unicodedata.normalize("NFKD", small.translate(_LETTERS))
    return "".join(letter for letter in split if not unicodedata.combining(letter))


def fold(text: str) -> str:
    """Return the words of a text: small letters and digits, no accents, single spaces between.

    Two texts that fold to the same are the same for matching: ``"Côte-d'Ivoire"`` and
    ``"COTE D IVOIRE"``.
    """
    if text.isascii():
        return " ".join(text.translate(_ASCII).split())
    letters = [letter if letter.isalnum() else " " for letter in unaccented(text)]
    return " ".join("".join(letters).split())


def fold_header(text: str) -> str:
    """Return a column's name as it is matched: folded, and without any space."""
    return fold(text).replace(" ", "")


def word(text: str) -> str:
    """Return a word as looked up in a list of words: no case, accents or closing punctuation."""
    return unaccented(text).strip(" .:!'\"")
