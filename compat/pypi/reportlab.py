"""Writes a document with a table."""

import io

from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from capsule import task


@task(compute="HIGH")
def main() -> None:
    file = io.BytesIO()
    story = [Paragraph("Hello", getSampleStyleSheet()["Title"]), Table([["a", "b"], [1, 2]])]
    SimpleDocTemplate(file).build(story)
    assert file.getvalue().startswith(b"%PDF-1.")
