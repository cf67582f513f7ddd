"""docs/arrows.txt is kept: what a folder may not include is named, rooms within a folder too."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools/check_arrows.py"
ARROWS = """# folder: folders it may include
core:
shop/till: core
shop/window: shop/till core
shop: shop/window core
"""


class CheckArrows(unittest.TestCase):
    def check(self, files, arrows=ARROWS):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {"docs/arrows.txt": arrows, **files}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            done = subprocess.run([sys.executable, SCRIPT, root], capture_output=True, text=True)
        return done.returncode, (done.stdout + done.stderr).strip()

    def test_what_the_arrows_allow_passes(self):
        code, said = self.check({
            "core/a.h": "#include <vector>\n",
            "shop/till/till.h": '#include "core/a.h"\n#include "shop/till/coins.h"\n',
            "shop/window/window.cpp": '#include "shop/till/till.h"\n',
            "shop/main.cpp": '#include "shop/window/window.h"\n#include "zmq.hpp"\n',
        })
        self.assertEqual((code, said), (0, "arrows hold (4 folders)"))

    def test_a_room_that_includes_its_neighbour_against_the_arrow_is_named(self):
        code, said = self.check({"shop/till/till.cpp": '#include "shop/window/window.h"\n'})
        self.assertEqual(code, 1)
        self.assertEqual(
            said, "shop/till/till.cpp: shop/till may not include shop/window (shop/window/window.h)")

    def test_a_room_that_includes_the_folder_around_it_is_named(self):
        code, said = self.check({"shop/till/till.cpp": '#include "shop/bell.h"\n'})
        self.assertEqual((code, said),
                         (1, "shop/till/till.cpp: shop/till may not include shop (shop/bell.h)"))

    def test_a_room_without_a_line_is_named_once_and_not_taken_for_the_folder_around_it(self):
        code, said = self.check({
            "shop/cellar/rat.h": '#include "shop/window/window.h"\n',
            "shop/cellar/rat.cpp": '#include "shop/cellar/rat.h"\n',
        })
        self.assertEqual((code, said), (1, "shop/cellar has no line in docs/arrows.txt"))

    def test_so_is_one_in_a_folder_that_has_no_line_itself(self):
        code, said = self.check({"shop/cellar/rat.cpp": ""}, "core:\nshop/till: core\n")
        self.assertEqual((code, said), (1, "shop/cellar has no line in docs/arrows.txt"))

    def test_a_cycle_in_the_file_is_refused(self):
        code, said = self.check({}, "a/b: a/c\na/c: a\na: a/b\n")
        self.assertEqual((code, said), (1, "cycle: a/b -> a/c -> a -> a/b"))

    def test_an_arrow_to_a_folder_without_a_line_is_refused(self):
        code, said = self.check({}, "a: b\n")
        self.assertEqual((code, said), (1, "docs/arrows.txt: a may include b, which has no line"))

    def test_the_arrows_of_pare_hold(self):
        done = subprocess.run([sys.executable, SCRIPT, ROOT], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        arrows = (ROOT / "docs/arrows.txt").read_text()
        for room in ("coordinator/store:", "worker/task:", "search/surrogate:"):
            self.assertIn("\n" + room, arrows)


if __name__ == "__main__":
    unittest.main()
