"""What the command line does, apart from typing: each command returns an answer to be shown."""
