"""Says what pyproject.toml cannot: that the wheel is for one platform, and for every Python."""

import os

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class PlatformDistribution(Distribution):
    """Holds machine code, though none that setuptools builds."""

    def has_ext_modules(self) -> bool:
        """So it goes where packages for one platform go."""
        return True


class PlatformWheel(bdist_wheel):
    """Machine code that is linked with no Python."""

    def get_tag(self) -> tuple[str, str, str]:
        """The platform is found out by scripts/wheel.ts."""
        return "py3", "none", os.environ["CAPSULE_WHEEL_PLATFORM"]


setup(distclass=PlatformDistribution, cmdclass={"bdist_wheel": PlatformWheel})
