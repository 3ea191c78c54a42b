"""One file per schema; the names of the files begin with the number of the schema."""
