# SPDX-License-Identifier: Apache-2.0
import unittest

from tree import verdict


class CheckLayers(unittest.TestCase):
    def test_a_layer_may_use_one_that_stands_before_it(self):
        self.assertEqual(verdict({"src/ipw/http/a.cpp": '#include "ipw/base/text.h"\n#include <sys/stat.h>\n'})[0], 0)

    def test_a_layer_may_not_use_one_that_stands_after_it(self):
        status, output = verdict({"src/ipw/stats/a.cpp": '\n#include "ipw/http/session.h"\n'})
        self.assertEqual(status, 1)
        self.assertIn("src/ipw/stats/a.cpp:2", output)

    def test_an_unknown_layer_is_a_fault(self):
        self.assertEqual(verdict({"src/ipw/misc/a.h": '#include "ipw/base/text.h"\n'})[0], 1)

    def test_a_library_stays_in_its_file(self):
        self.assertEqual(verdict({"src/ipw/http/curl_session.cpp": "#include <curl/curl.h>\n"})[0], 0)
        self.assertEqual(verdict({"src/ipw/clients/openai.cpp": "#include <curl/curl.h>\n"})[0], 1)

    def test_json_is_for_sources_not_for_headers(self):
        self.assertEqual(verdict({"src/ipw/base/json.cpp": "#include <nlohmann/json.hpp>\n"})[0], 0)
        self.assertEqual(verdict({"src/ipw/base/json.h": "#include <nlohmann/json.hpp>\n"})[0], 1)

    def test_a_library_without_a_row_is_a_fault(self):
        self.assertEqual(verdict({"src/ipw/base/a.cpp": "#include <zmq/zmq.h>\n"})[0], 1)

    def test_apps_use_every_layer_but_not_every_library(self):
        self.assertEqual(verdict({"apps/ipw/main.cpp": '#include "ipw/cli/run.h"\n'})[0], 0)
        self.assertEqual(verdict({"apps/ipw/main.cpp": "#include <spdlog/spdlog.h>\n"})[0], 1)


if __name__ == "__main__":
    unittest.main()
