# SPDX-License-Identifier: Apache-2.0
import unittest

from tree import verdict


def function(lines):
    return "namespace ipw {\nint f(int a) {\n" + "  ++a;\n" * (lines - 3) + "  return a;\n}\n}\n"


class CheckSizes(unittest.TestCase):
    def test_a_function_of_sixty_lines_passes(self):
        self.assertEqual(verdict({"src/ipw/base/a.cpp": function(60)})[0], 0)

    def test_a_function_of_sixty_one_lines_fails_and_is_named(self):
        status, output = verdict({"src/ipw/base/a.cpp": function(61)})
        self.assertEqual(status, 1)
        self.assertIn("61 src/ipw/base/a.cpp:2 f", output)

    def test_functions_of_tests_may_be_longer(self):
        self.assertEqual(verdict({"tests/unit/base/a.cpp": function(61)})[0], 0)

    def test_a_file_of_five_hundred_and_one_lines_fails_even_among_tests(self):
        self.assertEqual(verdict({"tests/unit/base/a.cpp": "\n" * 500})[0], 0)
        self.assertEqual(verdict({"tests/unit/base/a.cpp": "\n" * 501})[0], 1)


if __name__ == "__main__":
    unittest.main()
