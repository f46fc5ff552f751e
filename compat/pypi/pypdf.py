"""Writes pages, reads them, and takes out text."""

import io

from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from capsule import task


@task
def main() -> None:
    writer = PdfWriter()
    page = writer.add_blank_page(200, 100)
    content = DecodedStreamObject()
    content.set_data(b"BT /F1 12 Tf 10 50 Td (Hello) Tj ET")
    page[NameObject("/Contents")] = writer._add_object(content)
    kinds = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    font = DictionaryObject({NameObject(key): NameObject(kind) for key, kind in kinds.items()})
    fonts = DictionaryObject({NameObject("/F1"): font})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    writer.add_metadata({"/Title": "Report"})
    file = io.BytesIO()
    writer.write(file)
    reader = PdfReader(file)
    assert (len(reader.pages), reader.metadata.title) == (1, "Report")
    assert reader.pages[0].extract_text() == "Hello"
