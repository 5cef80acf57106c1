"""What the comparisons share: building, rounds in turns, tables, bars, the machine they ran on."""

import os
import platform
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
BUILD = Path(os.environ.get("BUILD", ROOT / "build")).resolve()
OUT = BUILD / "bench"
CFLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-pthread"]


class Failure(Exception):
    """Ends the run with this message."""


# Building

def run_or_fail(argv, what):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{what} failed: {' '.join(map(str, argv))}\n{done.stderr}{done.stdout}")
    return done


def compiler():
    cc = os.environ.get("CC", "gcc")
    if not shutil.which(cc):
        raise Failure(f"no C compiler: {cc}")
    OUT.mkdir(parents=True, exist_ok=True)
    return cc


def has_header(cc, header, *flags):
    return subprocess.run([cc, *flags, "-E", "-include", header, "-x", "c", os.devnull],
                          capture_output=True).returncode == 0


def compile_c(cc, source, *rest):
    """A program of the source's name; rest: further flags and libraries."""
    run_or_fail([cc, *CFLAGS, "-o", OUT / Path(source).stem, BENCH / source, *rest], "compilation")


def build_go(name):
    run_or_fail(["go", "build", "-o", OUT / name, BENCH / "peers" / name / "main.go"], "go build")


# Figures

class Bench:
    """The figures of one table: for each peer a list with one dict a round."""

    def __init__(self, report, title):
        self.report, self.title, self.figures = report, title, {}

    def in_turns(self, rounds, peers, measure):
        """A B C A B C; peers: {name: what measure takes}."""
        for turn in range(rounds):
            for name, peer in peers.items():
                progress(f"{self.title}: round {turn + 1} of {rounds}, {name}")
                self.figures.setdefault(name, []).append(measure(name, peer))
        progress("")

    def median(self, name, key):
        return statistics.median(f[key] for f in self.figures[name])

    def least(self, name, key):
        """None without that peer."""
        return min((f[key] for f in self.figures.get(name, ())), default=None)

    def ratio(self, name, peer, key):
        """The median of the rounds' own ratios; None without the peer or with nothing to divide by."""
        pairs = zip(self.figures[name], self.figures.get(peer, ()))
        ratios = [a[key] / b[key] for a, b in pairs if b[key] > 0]
        return statistics.median(ratios) if ratios else None

    def table(self, columns, ratios=()):
        """columns: (heading, key, decimals); ratios: (key, peer) for a line each."""
        print(f"\n{self.title}")
        print(" " * 10 + "".join(f"{heading:>16}" for heading, _, _ in columns))
        for name in self.figures:
            cells = (f"{self.median(name, key):16,.{decimals}f}" for _, key, decimals in columns)
            print(f"{name:<10}" + "".join(cells))
        for key, peer in ratios:
            ratio = self.ratio("weft", peer, key)
            if ratio is not None:
                print(f"  {key} weft / {peer}: {ratio:.3f}")
        self.keep()

    def keep(self):
        self.report["benches"].append({"title": self.title, "rounds": self.figures})

    def bar(self, what, value, bound, at_most):
        """States a bar; None comes from a peer that was skipped, or did nothing."""
        if value is None:
            print(f"  bar: {what}: skipped, nothing to compare with")
            return
        met = value <= bound if at_most else value >= bound
        sign = "<=" if at_most else ">="
        print(f"  bar: {what} {sign} {bound:g}: {'met' if met else 'MISSED'} ({value:.4g})")
        self.report["bars"].append({"bench": self.title, "bar": f"{what} {sign} {bound:g}",
                                    "value": value, "met": met})


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


# The run

def describe_machine():
    cpu = next((l.partition(":")[2].strip() for l in Path("/proc/cpuinfo").read_text().splitlines()
                if l.startswith("model name")), platform.machine())
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "load": os.getloadavg()[0]}


def print_machine(m):
    print(f"{m['cpu']}, {m['cores']} cores, Linux {m['kernel']}, load {m['load']:.2f}")
    if m["load"] > 0.5:
        print("others use this machine: trust the ratios only")


def run_main(main):
    try:
        main()
    except Failure as e:
        progress("")
        sys.exit(f"bench/{Path(sys.argv[0]).name}: {e}")
    except KeyboardInterrupt:
        sys.exit(130)
