# SPDX-License-Identifier: Apache-2.0
import unittest

from tree import verdict


class CheckLinks(unittest.TestCase):
    def test_links_to_files_headings_and_sites_pass(self):
        text = "# One thing: A\n[a](docs/b.md#two) [b](#one-thing-a) [c](https://example.org)\n```\n[d](no.md)\n```\n"
        self.assertEqual(verdict({"README.md": text, "docs/b.md": "## Two\n"})[0], 0)

    def test_a_link_to_no_file_fails_and_is_named(self):
        status, output = verdict({"README.md": "[a](docs/none.md)\n"})
        self.assertEqual(status, 1)
        self.assertIn("README.md: docs/none.md", output)

    def test_a_link_to_no_heading_fails(self):
        self.assertEqual(verdict({"README.md": "[a](b.md#three)\n", "b.md": "## Two\n"})[0], 1)


if __name__ == "__main__":
    unittest.main()
