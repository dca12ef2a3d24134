"""Work in progress: the plugin's modules come as text from the host, and are imported at the first call.

`sluice plugin dev` builds a component that begins with this, once; a change of the plugin is then in use at once.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import json
import sys
from types import ModuleType
from typing import Any

# Nothing can be imported that was not there when the component was made.
_work: Any = importlib.import_module("wit_world.imports.dev")


class _Texts(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, modules: dict[str, Any]) -> None:
        self._modules = modules

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        found = self._modules.get(name)
        if found is None:
            return None
        return importlib.util.spec_from_loader(name, self, origin=found["file"], is_package=found["package"])

    def create_module(self, spec: Any) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        found = self._modules[module.__name__]
        exec(compile(found["text"], found["file"], "exec"), module.__dict__)


class Lazy:
    """What the plugin has for one kind, once it is asked for."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        if "plugin" not in sys.modules:
            sys.meta_path.insert(0, _Texts(json.loads(_work.source())))
        plugin = importlib.import_module("plugin")
        if not hasattr(plugin, self._kind):
            raise RuntimeError(f"plugin.py has no `{self._kind}`, which plugin.toml names in `kinds`")
        return getattr(getattr(plugin, self._kind), name)
