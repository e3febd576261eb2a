"""Compiles the interface's texts when a wheel is built, so that no start has to."""

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledTexts(BuildHookInterface[Any]):
    """Puts one .mo file of each language into the wheel; an editable install reads the sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile them into a folder of their own."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from mailer.catalogue.compiling import compile_texts  # noqa: PLC0415 found by the line above

        folder = Path(mkdtemp())
        for lang in sorted(Path(self.root, "mailer", "catalogue", "locale").iterdir()):
            if lang.is_dir():
                sources = {each.stem: each.read_bytes() for each in sorted(lang.glob("*.po"))}
                file = folder / f"{lang.name}.mo"
                file.write_bytes(compile_texts(sources, lang.name))
                build_data["force_include"][str(file)] = f"mailer/catalogue/locale/{lang.name}.mo"
