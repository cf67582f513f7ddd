"""The version of the whole project, from the one place that says it; in an sdist, which has no such place, from its PKG-INFO."""
import pathlib
import re

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Version(MetadataHookInterface):
    def update(self, metadata):
        here = pathlib.Path(self.root)
        for file, pattern in ((here.parent / "core/version.h", r'kVersion = "([^"]+)"'), (here / "PKG-INFO", r"(?m)^Version: (.+)$")):
            if file.exists():
                metadata["version"] = re.search(pattern, file.read_text(encoding="utf-8")).group(1)
                return
        raise FileNotFoundError(f"neither core/version.h beside {here} nor PKG-INFO in it says which version this is")
