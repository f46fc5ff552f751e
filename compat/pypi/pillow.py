"""Makes a picture."""

from PIL import Image

from capsule import task


@task
def main() -> None:
    assert Image.new("RGB", (2, 2), "red").getpixel((0, 0)) == (255, 0, 0)
