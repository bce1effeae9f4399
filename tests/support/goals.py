# SPDX-License-Identifier: Apache-2.0
"""What a test found out about a goal of the telemetry, as tests/support/goal.h says it."""
import os


def report_goal(goal, met, measured):
    """Say it on the screen and, where IPW_GOALS names a file, as a line of it."""
    print(f"goal {goal}: {'met' if met else 'NOT MET'}: {measured}")
    if path := os.environ.get("IPW_GOALS"):
        with open(path, "a", encoding="utf-8") as out:
            out.write(f"{goal}\t{'met' if met else 'not met'}\t{measured}\n")
