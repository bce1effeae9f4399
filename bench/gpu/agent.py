#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An agent for energy checks: it asks its model three times and rests in between, as one does whose tools wait."""
import json
import os
import time
import urllib.request

for turn in range(3):
    body = {"model": os.environ["IPW_MODEL"], "messages": [{"role": "user", "content": f"Turn {turn}: go on with the task."}], "stream": True,
            "stream_options": {"include_usage": True}, "max_tokens": 48}
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
    urllib.request.urlopen(request).read()
    time.sleep(0.4)
print("done")
