"""Writes a document."""

import io

from docx import Document

from capsule import task


@task
def main() -> None:
    document = Document()
    document.add_heading("Title")
    document.save(io.BytesIO())
