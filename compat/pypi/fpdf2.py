"""Writes a document with text and a table."""

from fpdf import FPDF

from capsule import task


@task
def main() -> None:
    document = FPDF()
    document.add_page()
    document.set_font("helvetica", size=12)
    document.cell(text="Hello")
    assert bytes(document.output()).startswith(b"%PDF-1.")
