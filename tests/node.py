"""Our browser modules that are pure, run by node: asked in JSON, answered in JSON."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.servers import need

MODULES = Path(__file__).resolve().parents[1] / "dashboard/assets/modules"
NODE = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")


def answer(module: str, names: str, expression: str, asked: object) -> Any:
    """What this expression makes of `asked`. names: what it uses of the module."""
    need(NODE is not None, "nodejs")
    assert NODE is not None
    program = f"""import {{ {names} }} from {json.dumps((MODULES / module).as_uri())};
let said = ''; for await (const part of process.stdin) said += part;
const asked = JSON.parse(said);
console.log(JSON.stringify({expression}));"""
    command = [NODE, "--input-type=module", "-e", program]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
