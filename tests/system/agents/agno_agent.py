# SPDX-License-Identifier: Apache-2.0
"""An agent of Agno (github.com/agno-agi/agno) as its users write one; what it counts goes into usage.json."""
import json
import os
import subprocess
import sys

from agno.agent import Agent
from agno.models.openai import OpenAIChat


def bash(command: str) -> str:
    """Run a shell command and return what it prints."""
    return subprocess.run(command, shell=True, capture_output=True, text=True, check=False).stdout


model = OpenAIChat(id=os.environ["IPW_MODEL"], base_url=os.environ["OPENAI_BASE_URL"], api_key=os.environ["OPENAI_API_KEY"])
result = Agent(model=model, tools=[bash], telemetry=False).run(sys.argv[1])
with open("usage.json", "w", encoding="utf-8") as file:
    json.dump({"input": result.metrics.input_tokens, "output": result.metrics.output_tokens}, file)
print(result.content)
