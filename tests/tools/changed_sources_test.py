"""What CI lints: tools/changed_sources.sh on small histories made here."""
import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "tools/changed_sources.sh"


class ChangedSources(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def git(self, *words):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
        return subprocess.run(["git", *who, *words], cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def write(self, **files):
        for name, text in files.items():
            self.write_file(name.replace("__", "/").replace("_h", ".h").replace("_cpp", ".cpp"), text)

    def write_file(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-qm", "a change")
        return self.git("rev-parse", "HEAD")

    def history(self):
        self.git("init", "-q")
        self.write(core__a_cpp="1\n", core__a_h="1\n", core__b_h="1\n", wire__c_cpp='#include "core/b.h"\n',
                   wire__d_cpp="1\n", tests__t_cpp="1\n")
        return self.commit()

    def run_script(self, *words):
        return subprocess.run([SCRIPT, *words], cwd=self.root, capture_output=True, text=True)

    def listed(self, *words):
        result = self.run_script(*words)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout.split()

    def test_lists_what_the_last_commit_changed_and_says_that_it_knows_no_other_base(self):
        self.history()
        self.write(wire__d_cpp="2\n")
        self.commit()
        result = self.run_script()
        self.assertEqual(result.stdout, "wire/d.cpp\n")
        self.assertIn("the last commit", result.stderr)

    def test_a_base_is_what_the_change_is_looked_at_from(self):
        first = self.history()
        self.write(core__a_cpp="2\n")
        self.commit()
        self.write(wire__d_cpp="2\n")
        self.commit()
        self.assertEqual(sorted(self.listed(first)), ["core/a.cpp", "wire/d.cpp"])

    def test_without_a_base_it_is_where_the_change_left_origin_main(self):
        first = self.history()
        self.git("update-ref", "refs/remotes/origin/main", first)
        self.write(core__a_cpp="2\n")
        self.commit()
        self.write(wire__d_cpp="2\n")
        self.commit()
        result = self.run_script()
        self.assertEqual(sorted(result.stdout.split()), ["core/a.cpp", "wire/d.cpp"])
        self.assertNotIn("the last commit", result.stderr)

    def test_on_origin_main_itself_it_is_the_last_commit(self):
        self.history()
        self.write(core__a_cpp="2\n")
        self.git("update-ref", "refs/remotes/origin/main", self.commit())
        self.assertEqual(self.listed(), ["core/a.cpp"])

    def test_a_header_counts_as_its_source_or_as_the_first_that_includes_it(self):
        first = self.history()
        self.write(core__a_h="2\n", core__b_h="2\n")
        self.commit()
        self.assertEqual(sorted(self.listed(first)), ["core/a.cpp", "wire/c.cpp"])

    def test_a_header_that_nobody_includes_hides_no_other_change(self):
        first = self.history()
        self.write(core__alone_h="1\n2\n3\n", wire__d_cpp="2\n")
        self.commit()
        self.assertEqual(self.listed(first), ["wire/d.cpp"])

    def test_tests_and_benches_and_what_was_removed_are_not_listed(self):
        first = self.history()
        (self.root / "wire/d.cpp").unlink()
        self.write(tests__t_cpp="2\n", bench__b_cpp="2\n")
        self.commit()
        self.assertEqual(self.listed(first), [])

    def test_what_is_not_committed_belongs_to_the_change(self):
        first = self.history()
        self.write(wire__d_cpp="2\n", wire__new_cpp="1\n")
        self.assertEqual(sorted(self.listed(first)), ["wire/d.cpp", "wire/new.cpp"])

    def test_of_many_the_24_most_changed_are_listed_and_the_rest_is_told(self):
        first = self.history()
        for i in range(30):
            self.write_file(f"wire/many{i:02}.cpp", "x\n" * (i + 1))
        self.commit()
        result = self.run_script(first)
        self.assertEqual(result.stdout.split(), [f"wire/many{i:02}.cpp" for i in range(29, 5, -1)])
        self.assertIn("30 sources", result.stderr)
        self.assertIn("only the 24 most changed", result.stderr)

    def test_in_a_history_of_one_commit_only_what_is_not_committed_is_known_to_have_changed(self):
        self.history()
        result = self.run_script()
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        self.assertIn("not known", result.stderr)
        self.write(wire__d_cpp="2\n")
        self.assertEqual(self.listed(), ["wire/d.cpp"])

    def test_without_a_history_nothing_is_listed_and_that_is_told(self):
        result = self.run_script()
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        self.assertIn("no git history", result.stderr)

    def test_a_base_that_is_not_there_is_refused_by_name(self):
        self.history()
        result = self.run_script("nowhere")
        self.assertEqual(result.returncode, 2)
        self.assertIn("'nowhere'", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
