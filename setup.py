"""Puts ``policies/`` into the wheel as ``allocator/policies``; the rest is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class BuildWithPolicies(build_py):
    """The ordinary build, and the policy files beside the package's own files."""

    def run(self) -> None:
        """Build; an editable install finds the policies in the checkout."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "allocator", "policies")
            target.mkdir(parents=True, exist_ok=True)
            for policy in sorted(HERE.glob("policies/*.yaml")):
                shutil.copyfile(policy, target / policy.name)


setup(cmdclass={"build_py": BuildWithPolicies})
