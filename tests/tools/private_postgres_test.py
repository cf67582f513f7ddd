"""A folder of any name holds a database, and nothing of the name is run by a shell."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools/private_postgres.sh"


def run(*words):
    return subprocess.run([SCRIPT, *words], capture_output=True, text=True, timeout=120)


class PrivatePostgres(unittest.TestCase):
    def test_it_starts_answers_and_stops_in_a_folder_of_any_name(self):
        # Not under a home folder: PostgreSQL runs as another user when we are root.
        with tempfile.TemporaryDirectory(prefix="pare-name-", dir="/var/tmp") as parent:
            os.chmod(parent, 0o755)
            folder = pathlib.Path(parent) / "a 'q\" $(touch hit) `touch hit`, #?%&;\\b=é"
            started = run("start", folder, "fsync=off")
            self.addCleanup(run, "destroy", folder)
            self.assertEqual(started.returncode, 0, started.stderr)
            url = run("url", folder).stdout.strip()
            self.assertEqual(started.stdout.strip(), url)
            psql = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/psql"))[-1]
            asked = subprocess.run([psql, url, "-Atc", "SHOW data_directory"], capture_output=True, text=True, cwd="/")
            self.assertEqual(asked.stdout.strip(), str(folder / "data"), asked.stderr)
            self.assertEqual(run("start", folder).stdout.strip(), url)  # it runs already
            self.assertEqual(run("stop", folder).returncode, 0)
            self.assertEqual(run("destroy", folder).returncode, 0)
            self.assertEqual([path.name for path in pathlib.Path(parent).rglob("*")], [])

    def test_a_line_end_in_the_name_is_refused(self):
        refused = run("start", "/var/tmp/line\nend")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("a line end in the name", refused.stderr)


if __name__ == "__main__":
    unittest.main()
