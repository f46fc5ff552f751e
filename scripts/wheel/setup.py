"""Sets what pyproject.toml cannot: a wheel for one platform and every Python version."""

import os

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel


class PlatformDistribution(Distribution):
    """A distribution with native code that setuptools does not build."""

    def has_ext_modules(self) -> bool:
        """True, so that it is installed as a package for one platform."""
        return True


class PlatformWheel(bdist_wheel):
    """Native code that is not linked with Python."""

    def get_tag(self) -> tuple[str, str, str]:
        """scripts/wheel.ts determines the platform."""
        return "py3", "none", os.environ["CAPSULE_WHEEL_PLATFORM"]


setup(distclass=PlatformDistribution, cmdclass={"bdist_wheel": PlatformWheel})
