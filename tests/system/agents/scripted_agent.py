# SPDX-License-Identifier: Apache-2.0
"""An agent that does what the prompt says, word by word; it knows nothing of ipw but the environment.

ask       ask the model, streamed        whole     ask it for a whole answer       wait:S    sleep S seconds
keep:F    write the file F               list      print the files of its folder   key       print its key
fail:N    end with status N              call:URL  ask another server's model
"""
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request


def ask(stream, base=None):
    body = {"model": os.environ["IPW_MODEL"], "messages": [{"role": "user", "content": "Say something."}], "stream": stream, "max_tokens": 16}
    request = urllib.request.Request((base or os.environ["OPENAI_BASE_URL"]) + "/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
    try:
        text = urllib.request.urlopen(request).read().decode()
    except urllib.error.HTTPError as error:
        return f"refused {error.code}"
    if not stream:
        return "answered" if json.loads(text)["choices"] else "empty"
    events = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    assert all(event["choices"] for event in events), "an event without a choice reached the agent"
    return "answered"


def main():
    done = []
    for word in sys.argv[1].split():
        name, _, value = word.partition(":")
        if name in ("ask", "whole"):
            done.append(ask(name == "ask"))
        elif name == "wait":
            time.sleep(float(value))
        elif name == "keep":
            pathlib.Path(value).write_text("kept")
        elif name == "list":
            done.append(",".join(sorted(os.listdir("."))) or "nothing")
        elif name == "key":
            done.append(os.environ["OPENAI_API_KEY"])
        elif name == "fail":
            sys.exit(int(value))
    print(" ".join(done))


if __name__ == "__main__":
    main()
