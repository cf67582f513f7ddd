#!/usr/bin/env python3
"""Question: does a trial cost the coordinator more, the more trials went before it?

  ./dev bench loop [--trials 5000] [--strategy pare]

One job with a fleet that answers at once, the real job loop and a private PostgreSQL (fsync on): milliseconds of the loop for
each trial that ended, a hundred trials a line.  The last line is JSON; `growth` is the last hundred beside the first.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
POSTGRES = ROOT / "tools/private_postgres.sh"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--trials", type=int, default=5000)
    parser.add_argument("--strategy", default="pare")
    args = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pare-loop-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        database = subprocess.run([POSTGRES, "start", folder / "postgres"], check=True, capture_output=True,
                                  text=True).stdout.strip()
        program = subprocess.Popen([args.build / "bench/loop_trials", database, str(args.trials), args.strategy],
                                   stdout=subprocess.PIPE, text=True)
        windows = []
        for line in program.stdout:
            ended, each = line.split()
            windows.append(float(each))
            print(f"{ended} trials: {each} ms each", flush=True)
        if program.wait() != 0 or not windows:
            sys.exit("bench: the job did not succeed")
        # What comes last holds the job's end, too: the hundred before it says what a trial costs.
        last = windows[-2] if len(windows) > 2 else windows[-1]
        print(json.dumps({"trials": args.trials, "strategy": args.strategy, "first_ms": windows[0], "last_ms": last,
                          "highest_ms": max(windows), "growth": round(last / windows[0], 2)}))
    finally:
        subprocess.run([POSTGRES, "destroy", folder / "postgres"], check=False)


if __name__ == "__main__":
    main()
