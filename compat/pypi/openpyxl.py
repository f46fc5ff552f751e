"""Writes a workbook with a formula and a style, and reads it again."""

import io

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from capsule import task


# It collects a sheet in a temporary file: the task needs a folder.
@task(compute="HIGH", allowed_files=["./data"])
def main() -> None:
    workbook = Workbook()
    sheet = workbook.active
    sheet.append(["Tea", 2.5])
    sheet["B2"] = "=SUM(B1:B1)"
    sheet["A1"].font = Font(bold=True)
    file = io.BytesIO()
    workbook.save(file)
    read = load_workbook(io.BytesIO(file.getvalue())).active
    assert (read["A1"].value, read["B2"].value, read["A1"].font.b) == ("Tea", "=SUM(B1:B1)", True)
