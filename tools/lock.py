"""Writes requirements.lock: the newest permitted version of every dependency, with hashes.

The file is universal (Linux, macOS, Windows, Python from 3.12 on) and names no package index.
"""

import shutil
import subprocess
import sys
from pathlib import Path

LOCK = Path("requirements.lock")


def main() -> int:
    """Resolve with uv; the old lock stays if that fails."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        sys.stderr.write("This needs uv: .venv/bin/python -m pip install uv\n")
        return 1
    made = subprocess.run(
        [
            *(uv, "pip", "compile", "pyproject.toml", "--extra", "dev", "--upgrade"),
            *("--universal", "--python-version", "3.12", "--generate-hashes"),
            *("--no-header", "--no-annotate", "--quiet"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        sys.stderr.write(made.stderr)
        return made.returncode
    if "://" in made.stdout:
        sys.stderr.write("The lock would name a host; nothing was written.\n")
        return 1
    LOCK.write_text(made.stdout, encoding="utf-8", newline="\n")
    print(f"{LOCK}: {made.stdout.count('==')} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
