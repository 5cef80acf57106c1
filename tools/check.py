#!/usr/bin/env python3
"""The steps of ./check. Each is one line here as it runs; its output is kept in build-check/logs and shown on failure.

A step configures and compiles a build, or runs tests in one. What a step counts: the claims that its test programs
print (`ok NAME`, `FAILED NAME ...`, `skipped: NAME: WHY`), a test without claims as one, a step without tests as one.
A step that cannot run here is skipped, with the reason.
"""

import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILDS = ROOT / "build-check"
LOGS = BUILDS / "logs"
STEP_LIMIT_S = 1800
TAIL_LINES = 60
SLOWEST = 10

QEMU = "qemu-aarch64 -L /usr/aarch64-linux-gnu"
VALGRIND = "valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --fair-sched=yes"
VALGRIND_FEW = ("task_test", "scope_test", "io_test")

# Each build: the programs it needs, the environment of its configuration, its options.
Build = collections.namedtuple("Build", "needs env options", defaults=((), {}, ()))
CONFIGURATIONS = {
    "gcc": Build(("gcc",), {"CC": "gcc"}),
    "clang": Build(("clang",), {"CC": "clang"}),
    "asan": Build(("clang",), {"CC": "clang"}, ("-Db_sanitize=address,undefined", "-Db_lundef=false")),
    "tsan": Build(("clang",), {"CC": "clang"}, ("-Db_sanitize=thread", "-Db_lundef=false")),
    "portable": Build(("gcc",), {"CC": "gcc"}, ("-Dswitch=ucontext",)),
    "debug": Build(("gcc",), {"CC": "gcc"}, ("-Doptimization=0",)),
    "aarch64": Build(
        ("aarch64-linux-gnu-gcc", "qemu-aarch64"), {}, (f"--cross-file={ROOT / 'tools/aarch64.ini'}",)
    ),
}
# What the tests of a build find in their environment.
RUN_ENV = {
    "asan": {"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1", "TEST_LIMIT": "300"},
    "tsan": {"TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1", "TEST_LIMIT": "300"},
    "aarch64": {"TEST_WRAPPER": QEMU, "TEST_LIMIT": "120"},
}
SANITIZERS = {"asan": "address,undefined", "tsan": "thread"}

CLAIM = re.compile(r"^(ok|FAILED|skipped:) (.*)$", re.MULTILINE)
Result = collections.namedtuple("Result", "name outcome seconds why", defaults=("",))


class Skip(Exception):
    """This step cannot run here; the argument says why."""


class Failure(Exception):
    """This step failed; the argument says how."""


class Step:
    """A log to write, and commands that write it."""

    def __init__(self, name):
        self.path = LOGS / (re.sub(r"[^\w=-]+", "-", name) + ".log")
        self.log = self.path.open("w", encoding="utf-8", errors="replace")
        self.results = []

    def run(self, argv, env=None):
        """Runs the command into the log and gives its exit code."""
        words = [f"{key}={value}" for key, value in (env or {}).items()] + [str(word) for word in argv]
        self.write(f"$ {' '.join(words)}\n")
        with subprocess.Popen(
            [str(word) for word in argv], cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True,
        ) as process:
            try:
                return process.wait(STEP_LIMIT_S)
            except BaseException as reason:
                stop(process)
                if isinstance(reason, subprocess.TimeoutExpired):
                    raise Failure(f"no end after {STEP_LIMIT_S} s") from None
                raise

    def must(self, argv, env=None):
        code = self.run(argv, env)
        if code != 0:
            raise Failure(f"{Path(argv[0]).name} ended with code {code}")

    def write(self, text):
        self.log.write(text)
        self.log.flush()

    def tail(self):
        """The end of what the last command said, without meson's summary of it."""
        self.log.flush()
        text = "\n" + self.path.read_text(encoding="utf-8", errors="replace")
        return text.split("\n$ ")[-1].split("\nSummary of Failures:")[0].strip().split("\n")[-TAIL_LINES:]


def stop(process):
    """Ends a command and what it started; meson ends its tests when it is asked to."""
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise Skip(f"{program} is not installed")


# Building

built = set()


def build(step, name):
    configuration = CONFIGURATIONS[name]
    need(*configuration.needs)
    probe(step, name)
    folder = BUILDS / name
    again = ["--reconfigure"] if (folder / "build.ninja").exists() else []
    step.must(["meson", "setup", *again, folder, "-Dwerror=true", *configuration.options], configuration.env)
    step.must(["ninja", "--quiet", "-k", "0", "-C", folder])
    built.add(name)


def probe(step, name):
    """Whether what this build makes can run here at all; else the reason."""
    source = BUILDS / "probe.c"
    source.write_text("int main(void) { return 0; }\n", encoding="utf-8")
    program = BUILDS / "probe"
    if name in SANITIZERS:
        compiler, flags, run = "clang", [f"-fsanitize={SANITIZERS[name]}"], [*steady_addresses(name), program]
    elif name == "aarch64":
        compiler, flags, run = "aarch64-linux-gnu-gcc", [], [*QEMU.split(), program]
    else:
        return
    if step.run([compiler, *flags, source, "-o", program]) != 0:
        raise Skip(f"{compiler} cannot link for {name} here")
    if step.run(run) != 0:
        raise Skip(f"a program built for {name} does not start here")


def steady_addresses(name):
    """The sanitizers of clang 14 want their shadow where kernels with much address randomization put other things."""
    if name not in SANITIZERS:
        return []
    works = subprocess.run(["setarch", "-R", "true"], capture_output=True, check=False).returncode == 0
    return ["setarch", "-R"] if works else []


# Testing

def tests(step, name, *suites, env=None, options=()):
    """Runs suites (or, with a name among options, single tests) of a build."""
    if name not in built:
        raise Skip(f"there is no {name} build")
    logs = BUILDS / name / "meson-logs"
    for log in logs.glob("check*.json"):
        log.unlink()
    argv = [*steady_addresses(name), "meson", "test", "-C", BUILDS / name, "--no-rebuild", "--logbase", "check"]
    argv += ["--print-errorlogs", *(word for suite in suites for word in ("--suite", suite)), *options]
    code = step.run(argv, {**RUN_ENV.get(name, {}), **(env or {})})
    for log in logs.glob("check*.json"):  # a wrapper adds its name
        for line in log.read_text(encoding="utf-8").splitlines():
            step.results += claims(json.loads(line))
    if code != 0 and not any(result.outcome == "failed" for result in step.results):
        raise Failure(f"meson test ended with code {code}")
    if not step.results:
        raise Failure("no test ran")


def claims(test):
    """What one test program said, as results; the time stands with the first."""
    name, seconds = test["name"].split(" / ")[-1].split(":")[-1], test["duration"]
    outcome = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}.get(test["result"], "failed")
    found = {}
    for word, rest in CLAIM.findall(test.get("stdout", "")):
        claim, _, why = rest.partition(": ") if word == "skipped:" else rest.partition(" ")
        if word == "skipped:" and not why:
            claim, why = name, claim
        found[claim.rstrip(":")] = ({"ok": "passed", "FAILED": "failed"}.get(word, "skipped"), why)
    if not found or (outcome == "failed" and all(result != "failed" for result, _ in found.values())):
        found[name] = (outcome, "" if outcome == "passed" else test["result"].lower())
    results = [Result(claim, result, 0, why) for claim, (result, why) in found.items()]
    return [Result(name, "timed", seconds), *results]


def seeds(step, name, count):
    """Every unit test program under `count` schedules; one claim for each program."""
    if name not in built:
        raise Skip(f"there is no {name} build")
    listing = subprocess.run(
        ["meson", "introspect", "--tests", BUILDS / name], cwd=ROOT, capture_output=True, text=True, check=True
    )
    programs = [test["cmd"][0] for test in json.loads(listing.stdout) if test["suite"][0].endswith("unit")]

    def one(program):
        began = time.monotonic()
        done = subprocess.run(
            [*steady_addresses(name), ROOT / "tools/seeds.sh", program, str(count)], cwd=ROOT, capture_output=True,
            text=True, errors="replace", stdin=subprocess.DEVNULL, env={**os.environ, **RUN_ENV.get(name, {})},
            check=False,
        )
        return Path(program).name, done, time.monotonic() - began

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for program, done, seconds in pool.map(one, programs):
            step.write(f"{program}: {seconds:.1f} s\n{done.stdout}{done.stderr}")
            step.results.append(Result(program, "timed", seconds))
            step.results.append(Result(program, "failed" if done.returncode else "passed", 0))


def valgrind(step, *names):
    need("valgrind")
    tests(step, "gcc", "unit", env={"TEST_LIMIT": "600"}, options=("--wrapper", VALGRIND, *names))


# The plan

def plan(tier):
    """(name, function, arguments...) of each step, cheap ones first."""
    quick, full = tier == "quick", tier == "full"

    def unit(name, **env):
        return " ".join(["unit", name, *(f"{key[5:].lower()}={value}" for key, value in env.items())]), (
            lambda step: tests(step, name, "unit", env=env)
        )

    yield "build gcc", lambda step: build(step, "gcc")
    if quick:
        yield "guards", lambda step: tests(step, "gcc", options=("floors", "style", "headers-gcc"))
        yield unit("gcc")
        return
    yield "guards", lambda step: tests(step, "gcc", "floors", "style", "headers", "symbols")
    for spawn in ("child", "queue"):
        yield unit("gcc", WEFT_SPAWN=spawn)
        yield unit("gcc", WEFT_SPAWN=spawn, WEFT_WORKERS="1")
    yield "programs gcc", lambda step: tests(step, "gcc", "examples", "apps", "bugs")
    yield "consumers", lambda step: tests(step, "gcc", "consumer")
    for name in ("clang", "asan", "tsan", "portable", "aarch64", *(("debug",) if full else ())):
        yield f"build {name}", lambda step, name=name: build(step, name)
        yield unit(name)
        if full or name in ("asan", "tsan"):
            yield unit(name, WEFT_SPAWN="queue")
        if full or name in ("clang", "asan"):
            yield f"programs {name}", lambda step, name=name: tests(step, name, "examples", "apps")
    yield "seeds", lambda step: seeds(step, "gcc", 1000 if full else 100)
    yield "valgrind", lambda step: valgrind(step, *(() if full else VALGRIND_FEW))
    if full:
        yield "seeds asan", lambda step: seeds(step, "asan", 100)
        yield "unit gcc 50 times", lambda step: tests(step, "gcc", "unit", options=("--repeat", "50"))


class Tally:
    """What the end of the run says."""

    def __init__(self):
        self.counts = collections.Counter()
        self.skips = collections.Counter()
        self.failures = []
        self.times = []

    def add(self, step, result):
        if result.outcome == "timed":
            self.times.append((result.seconds, f"{result.name} ({step})"))
            return
        self.counts[result.outcome] += 1
        if result.outcome == "skipped":
            self.skips[f"{result.name}: {result.why}"] += 1
        elif result.outcome == "failed":
            self.failures.append(f"{result.name} ({step})")

    def report(self):
        for skip, times in sorted(self.skips.items()):
            print(f"skipped: {skip}" + (f" ({times} times)" if times > 1 else ""))
        for failure in self.failures:
            print(f"failed: {failure}")
        print("slowest:")
        for seconds, what in sorted(self.times, reverse=True)[:SLOWEST]:
            print(f"{seconds:8.1f} s  {what}")
        print(f"{self.counts['passed']} passed, {self.counts['failed']} failed, {self.counts['skipped']} skipped")


def perform(name, function, tally):
    print(f"== {name} ... ", end="", flush=True)
    began = time.monotonic()
    step = Step(name)
    word = None
    try:
        function(step)
    except Skip as why:
        step.results.append(Result(name, "skipped", 0, str(why)))
        word = f"skipped: {why}"
    except Failure as why:
        step.results.append(Result(name, "failed", 0))
        word = f"FAILED: {why}"
    seconds = time.monotonic() - began
    tests_run = any(result.outcome == "timed" for result in step.results)
    if not step.results:
        step.results.append(Result(name, "passed", 0))
    if not tests_run and not (word or "").startswith("skipped"):
        step.results.append(Result(name, "timed", seconds))
    failed = [result.name for result in step.results if result.outcome == "failed"]
    if word is None:
        word = f"FAILED: {', '.join(failed)}" if failed else "ok"
    print(word if word.startswith("skipped") else f"{word} {seconds:.1f} s", flush=True)
    if failed:
        print("\n".join("   | " + line for line in step.tail()))
        print(f"   all of it: {step.path.relative_to(ROOT)}", flush=True)
    for result in step.results:
        tally.add(name, result)
    step.log.close()


def main():
    tier = sys.argv[1] if len(sys.argv) > 1 else "default"
    for name in [name for name in os.environ if name.startswith(("WEFT_", "TEST_"))]:
        del os.environ[name]
    LOGS.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    for name, function in plan(tier):
        perform(name, function, tally)
    tally.report()
    return tally.counts["failed"] != 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
