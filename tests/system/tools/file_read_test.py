#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""file_read on PDF and Word files with the real pdftotext and the real sandbox: usage file_read_test.py PROGRAMS_FOLDER."""
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import zipfile

PROGRAM = str(pathlib.Path(sys.argv[1]).absolute() / "ipw")


def pdf(lines, encrypted=False):
    """A whole PDF of one page with these lines."""
    content = "BT /F1 12 Tf 72 720 Td 14 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
               "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 5 0 R >> >> /Contents 4 0 R >>",
               f"<< /Length {len(content)} >>\nstream\n{content}\nendstream", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    if encrypted:  # no password gives these two, so none opens it
        objects.append(f"<< /Filter /Standard /V 1 /R 2 /O <{'11' * 32}> /U <{'22' * 32}> /P -4 >>")
    out, places = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n"
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(f"{place:010} 00000 n \n" for place in places)
    more = f" /Encrypt 6 0 R /ID [<{'00' * 16}> <{'00' * 16}>]" if encrypted else ""
    return (out + f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R{more} >>\nstartxref\n{table}\n%%EOF\n").encode()


def docx(texts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w:document xmlns:w='x'><w:body>" +
                         "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in texts) + "</w:body></w:document>")
    return out.getvalue()


class FileRead(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)
        self.server = json.dumps({"command": PROGRAM, "args": ["mcp", "serve", "--tool", "file_read", "--workspace", place.name]})

    def call(self, name, content, status=0, **more):
        (self.folder / name).write_bytes(content)
        done = subprocess.run([PROGRAM, "mcp", "call", self.server, "file_read", json.dumps({"path": name, **more})],
                              capture_output=True, text=True, timeout=100)
        if "sandbox 'bubblewrap' does not work here" in done.stdout + done.stderr:
            sys.exit(77)
        self.assertEqual(done.returncode, status, (done.stdout, done.stderr))
        return done.stdout

    def test_a_pdf_is_read_by_lines_as_a_text_is(self):
        whole = pdf(["First line", "Second line", "Third line"])
        self.assertIn("First line\nSecond line\nThird line\n", self.call("a.pdf", whole))
        self.assertEqual(self.call("a.pdf", whole, start_line=2, end_line=2).strip(), "Second line")
        self.assertIn("[cut after 7 characters, in line 1", self.call("a.pdf", whole, max_chars=7))

    def test_a_pdf_is_known_by_its_first_bytes_and_not_by_its_name(self):
        self.assertIn("Hello", self.call("report.txt", pdf(["Hello"])))
        self.assertEqual(self.call("text.pdf", b"only text\n").strip(), "only text")

    def test_a_pdf_that_cannot_be_read_says_why(self):
        self.assertIn("encrypted", self.call("a.pdf", pdf(["secret"], encrypted=True), status=1))
        self.assertIn("pdftotext cannot read the PDF", self.call("a.pdf", b"%PDF-1.7 and nothing else", status=1))
        self.assertIn("holds no text", self.call("a.pdf", pdf([]), status=1))
        self.assertIn("larger than 32.0 MiB", self.call("a.pdf", pdf(["x"]) + b" " * (33 << 20), status=1))

    def test_a_pdf_with_a_lie_about_its_size_ends(self):
        lying = pdf(["Hello"]).replace(b"/Count 1", b"/Count 99999999").replace(b"/Length ", b"/Length 9999999")
        done = subprocess.run([PROGRAM, "mcp", "call", self.server, "file_read", json.dumps({"path": self.write("a.pdf", lying)})],
                              capture_output=True, text=True, timeout=60)
        self.assertIn(done.returncode, (0, 1), done.stderr)

    def write(self, name, content):
        (self.folder / name).write_bytes(content)
        return name

    def test_a_word_document_is_read_by_lines_as_a_text_is(self):
        self.assertEqual(self.call("a.docx", docx(["one", "two", "three"]), start_line=2).rstrip("\n"), "two\nthree")
        self.assertIn("zip", self.call("a.docx", docx(["one"])[:-30], status=1))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
