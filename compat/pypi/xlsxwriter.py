"""Writes a workbook with a chart."""

import io
import zipfile

import xlsxwriter

from capsule import task


@task
def main() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Sales")
        sheet.write_column("A1", [1, 2, 3])
        chart = workbook.add_chart({"type": "line"})
        chart.add_series({"values": "=Sales!$A$1:$A$3"})
        sheet.insert_chart("C1", chart)
    names = zipfile.ZipFile(file).namelist()
    assert "xl/charts/chart1.xml" in names
