"""Import another library as its next version might be: with other private names."""

import re
import sys
from importlib.machinery import PathFinder, SourceFileLoader


class _RenamingLoader(SourceFileLoader):
    def __init__(self, name, path, pattern):
        super().__init__(name, path)
        self._pattern = pattern

    def get_code(self, fullname):
        source = self.get_data(self.path)
        renamed, count = self._pattern.subn(rb"\1_renamed", source)
        return compile(renamed, self.path, "exec") if count else super().get_code(fullname)


class _RenamingFinder(PathFinder):
    def __init__(self, patterns):
        self._patterns = patterns

    def find_spec(self, fullname, path=None, target=None):
        for module, pattern in self._patterns.items():
            if fullname == module or fullname.startswith(module + "."):
                spec = PathFinder.find_spec(fullname, path, target)
                if spec is not None and type(spec.loader) is SourceFileLoader:
                    spec.loader = _RenamingLoader(fullname, spec.origin, pattern)
                return spec
        return None


def rename(names):
    """Rename names throughout the source of libraries that are not imported yet.

    Parameters
    ----------
    names : dict of str to list of str
        A package or module -> words in its source. Each gets "_renamed" at its end, wherever
        it stands, so that the library itself works as before.
    """
    imported = [module for module in names if module in sys.modules]
    assert not imported, f"{imported} cannot be renamed any more"
    patterns = {
        module: re.compile(rb"\b(" + b"|".join(word.encode() for word in words) + rb")\b")
        for module, words in names.items()
    }
    sys.meta_path.insert(0, _RenamingFinder(patterns))
