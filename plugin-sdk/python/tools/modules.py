"""Prints, as JSON, a plugin's own modules by name and what they import of others. Called by `sluice plugin dev`.

The interpreter inside the sandbox has no files: what is imported must be there when the component is made, so that it is
named here, once; what is the plugin's own comes with every change.
"""

import ast
import json
import pathlib
import sys

folder = pathlib.Path(sys.argv[1])
modules, imported = {}, set()
for file in sorted(folder.rglob("*.py")):
    place = file.relative_to(folder)
    if place.parts[0] == "sluice_plugin":
        continue
    text = file.read_text(encoding="utf-8")
    parts = [*place.parts[:-1], place.stem]
    name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
    modules[name] = {"text": text, "package": place.stem == "__init__", "file": str(place)}
    try:
        tree = ast.parse(text, str(place))
    except SyntaxError as error:
        print(f'  File "{place}", line {error.lineno}\n    {(error.text or "").strip()}\nSyntaxError: {error.msg}', file=sys.stderr)
        sys.exit(1)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            imported.add(node.module)
own = {name.split(".")[0] for name in modules}
others = sorted(name for name in imported if name.split(".")[0] not in own | {"sluice_plugin", "__future__"})
json.dump({"modules": modules, "imports": others}, sys.stdout)
