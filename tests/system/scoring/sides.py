# SPDX-License-Identifier: Apache-2.0
"""The two sides of a comparison: our rule by `score_lines`, and functions out of a reference's own file."""
import ast
import json
import subprocess


def verdicts(program, lines):
    """Our verdicts of the lines, objects as score_lines reads them."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def functions_of(path, names, left_out=(), only=None):
    """The functions of a Python file, run among `names`; what else is in the file needs packages that they do not."""
    with open(path, encoding="utf-8") as file:
        body = [n for n in ast.parse(file.read()).body if isinstance(n, ast.FunctionDef) and n.name not in left_out]
    body = [n for n in body if only is None or n.name in only]
    for function in body:
        function.decorator_list = []
    exec(compile(ast.Module(body, []), path, "exec"), names)
    return names
