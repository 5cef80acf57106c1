#!/usr/bin/env python3
"""weft_test.py PROGRAM SANITIZER: what the program weft promises. Each function here is a claim; see CLAIMS at the end.

SANITIZER is what the build was made with, or none."""

import contextlib
import json
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
SANITIZER = sys.argv[2]
WEFT = [*shlex.split(os.environ.get("TEST_WRAPPER", "")), str(PROGRAM)]
SOURCE = Path(__file__).resolve().parent.parent
LIMIT_S = 30


class Skip(Exception):
    """Why a claim cannot be tested here."""


def weft(*words, env=None):
    done = subprocess.run(
        [*WEFT, *map(str, words)], capture_output=True, text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL,
        env={**os.environ, **(env or {})}, check=False,
    )
    return done.returncode, done.stdout, done.stderr


def expect(actual, expected):
    assert actual == expected, f"got {actual!r}, expected {expected!r}"


def expect_mistake(part, *words):
    """The words are refused with exit code 2, a message with the part, and nothing on stdout."""
    code, out, err = weft(*words)
    expect((code, out), (2, ""))
    assert part in err, f"{part!r} is not in {err!r}"


@contextlib.contextmanager
def service(*words, drains=True):
    """A fib service: gives (process, port), and sees to it that SIGTERM ends it well, unless that would take long."""
    process = subprocess.Popen(
        [*WEFT, "fib", "serve", "--listen", "127.0.0.1:0", *words], stderr=subprocess.PIPE, text=True
    )
    try:
        line = process.stderr.readline()
        assert line.startswith("listening on "), f"the service said {line!r}"
        yield process, int(line.rsplit(":", 1)[1])
        if drains:
            process.terminate()
            expect(process.wait(LIMIT_S), 0)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def connect(port):
    return socket.create_connection(("127.0.0.1", port), LIMIT_S)


def answers(connection, count):
    """So many lines of answer."""
    text = b""
    while text.count(b"\n") < count:
        part = connection.recv(4096)
        if not part:
            break
        text += part
    return text.decode()


def ask(connection, request, count=1):
    connection.sendall(request)
    return answers(connection, count)


def help_and_version_go_to_stdout():
    for words in ("--help",), ("run", "--help"), ("explore", "--help"), ("fib", "--help"), ("fib", "serve", "--help"), ("tour", "--help"):
        code, out, err = weft(*words)
        expect((code, err), (0, ""))
        assert "weft" in out, out
    expect(weft("--version"), (0, f"weft {version()}\n", ""))


def version():
    numbers = [line.split()[2] for line in (SOURCE / "include/weft/base.h").read_text().splitlines()
               if line.startswith("#define WEFT_VERSION_")]
    return ".".join(numbers)


def mistakes_are_named_and_give_exit_code_2():
    expect_mistake("--help")
    expect_mistake("frob", "frob")
    expect_mistake("--frob", "--frob")
    expect_mistake("frob", "fib", "frob")
    expect_mistake("--frob", "fib", "serve", "--frob")
    expect_mistake("--max", "fib", "serve", "--max", "many")


def a_bad_address_is_named():
    code, out, err = weft("fib", "serve", "--listen", "nowhere")
    expect((code, out), (1, ""))
    assert "nowhere" in err, err


def a_port_in_use_is_named():
    with service() as (_, port):
        code, out, err = weft("fib", "serve", "--listen", f"127.0.0.1:{port}")
        expect((code, out), (1, ""))
        assert str(port) in err and "in use" in err, err


def a_request_is_a_segment_with_or_without_newline():
    with service() as (_, port), connect(port) as connection:
        for request, answer in ((b"1", "1\n"), (b"2\n", "1\n"), (b"10", "55\n"), (b"20\n", "6765\n")):
            expect(ask(connection, request), answer)


def several_requests_of_a_segment_are_answered_in_order():
    with service() as (_, port), connect(port) as connection:
        expect(ask(connection, b"3\n4\n5\n6", 4), "2\n3\n5\n8\n")


def a_bad_request_gets_an_error_and_the_connection_lives_on():
    with service("--max", "40") as (_, port), connect(port) as connection:
        for request in (b"frob\n", b"0\n", b"-3\n", b"41\n", b"1.5\n", b"\n", b"\x00\xff\n", b"99999999999999999999\n"):
            answer = ask(connection, request)
            assert answer.startswith("error: "), f"{request!r} was answered with {answer!r}"
        expect(ask(connection, b"10\n"), "55\n")


def a_line_too_long_gets_an_error_and_ends_the_connection():
    with service() as (_, port), connect(port) as connection:
        assert ask(connection, b"1" * 5000).startswith("error: ")
        expect(connection.recv(1), b"")


def fast_requests_overtake_hogs():
    with service(drains=False) as (_, port), contextlib.ExitStack() as stack:
        hogs = [stack.enter_context(connect(port)) for _ in range(2 * os.cpu_count())]
        for hog in hogs:
            hog.sendall(b"45")  # seconds each
        with connect(port) as connection:
            for _ in range(100):
                expect(ask(connection, b"1"), "1\n")
        answered, _, _ = select.select(hogs, [], [], 0)
        assert len(answered) < len(hogs), "every hog was answered before the last of the fast requests"


def sigint_and_sigterm_drain():
    for number in signal.SIGINT, signal.SIGTERM:
        with service() as (process, port), connect(port) as connection, connect(port) as idle:
            expect(ask(idle, b"1"), "1\n")
            connection.sendall(b"35")
            expect(ask(idle, b"2"), "1\n")  # by now the first request has been read, or is about to be
            process.send_signal(number)
            expect(answers(connection, 1) or "9227465\n", "9227465\n")
            expect(process.wait(LIMIT_S), 0)
            expect(idle.recv(1), b"")


def the_load_generator_reports_json():
    with service() as (_, port):
        code, out, err = weft(
            "fib", "load", "--connect", f"127.0.0.1:{port}", "--fast", 2, "--hogs", 1, "--n", 20, "--seconds", 0.3, "--json"
        )
        expect((code, err), (0, ""))
        figures = json.loads(out)
        assert figures["requests"] > 0 and figures["hog_requests"] > 0, out


def run_compiles_a_file_once_and_passes_arguments():
    if len(WEFT) > 1 or shutil.which("cc") is None:
        raise Skip("no compiler for this machine")
    if SANITIZER != "none":
        raise Skip("the library needs its sanitizer, which cc is not told of")
    with tempfile.TemporaryDirectory() as scratch:
        build = PROGRAM.parent
        env = {
            "XDG_CACHE_HOME": scratch, "PKG_CONFIG_PATH": f"{build}/meson-uninstalled", "LD_LIBRARY_PATH": str(build),
        }
        file = Path(scratch, "args.c")
        file.write_text(
            "#include <weft.h>\n#include <stdio.h>\n"
            'int main(int argc, char **argv) { printf("%d %s %s\\n", argc, argv[1], weft_version()); return 7; }\n'
        )
        for _ in range(2):
            expect(weft("run", file, "--x", env=env), (7, f"2 --x {version()}\n", ""))
        file.write_text("int main(void) { return frob; }\n")
        code, out, err = weft("run", file, env=env)
        expect((code, out), (1, ""))
        assert "frob" in err and "args.c" in err, err
        code, _, err = weft("run", f"{scratch}/none.c", env=env)
        expect(code, 1)
        assert "none.c" in err, err


def explore(body, *words):
    """weft explore on a program of the unit tests: exit code and what it said on stderr."""
    program = PROGRAM.parent / "tests" / "explore_test"
    if not program.exists():
        raise Skip("the unit tests are not built")
    wrapper = shlex.split(os.environ.get("TEST_WRAPPER", ""))
    code, out, err = weft("explore", *words, "--", *wrapper, program, "--process", body)
    return code, out, err


def seed_of(err):
    return err.split(", seed ")[1].split(":")[0]


def explore_finds_tells_and_replays_a_finding_of_weft_main():
    code, out, err = explore("main_is_careless", "--seeds", 5000)
    expect((code, out), (1, ""))
    assert ": expectation: does not hold at " in err and "sum == 2" in err, err
    assert "the switches that matter:\n  task " in err and "'add'" in err, err
    code, _, again = explore("main_is_careless", "--replay", seed_of(err))
    expect(code, 1)
    assert f"schedule 1, seed {seed_of(err)}: expectation: " in again, again


def explore_finds_nothing_in_what_is_right():
    expect(explore("main_is_right", "--seeds", 30), (0, "", "weft explore: nothing found in 30 schedules\n"))
    expect(explore("guest_is_right", "--seeds", 10), (0, "", "weft explore: nothing found in 10 schedules\n"))


def explore_runs_a_guest_once_a_seed():
    code, _, err = explore("guest_is_careless", "--seeds", 2000)
    expect(code, 1)
    assert ": expectation: does not hold at " in err, err
    code, out, again = explore("guest_is_careless", "--replay", seed_of(err))
    expect((code, out), (1, "guest was here\n"))
    assert f"seed {seed_of(err)}: expectation: " in again, again
    if SANITIZER == "thread":
        return  # whose own thread might be one that acts
    code, _, err = explore("guest_stands_still", "--seeds", 10)
    expect(code, 1)
    assert "seed 1: deadlock: all 3 tasks wait: " in err, err


def explore_chooses_its_strategy():
    code, _, err = explore("guest_is_careless", "--seeds", 2000, "--strategy", "random")
    expect(code, 1)
    assert int(seed_of(err)) % 8 < 4, err
    code, _, err = explore("main_is_careless", "--seeds", 5000, "--strategy", "priorities")
    expect(code, 1)
    assert int(seed_of(err)) % 8 >= 4, err


def explore_names_what_ends_the_claim_of_replay():
    code, _, err = explore("main_waits_for_a_pipe", "--seeds", 2)
    expect(code, 0)
    assert "not replayable from here: descriptor " in err and err.count("not replayable") == 1, err
    code, _, err = explore("main_waits_for_a_pipe", "--seeds", 2, "--strict")
    expect(code, 1)
    assert ": not replayable from here: descriptor " in err, err


def explore_refuses_what_it_cannot_run():
    expect_mistake("which program?", "explore")
    expect_mistake("--strategy", "explore", "--strategy", "luck", "--", "true")
    expect_mistake("/nowhere", "explore", "--", "/nowhere")
    expect_mistake("starts no tasks", "explore", "--", "true")


CLAIMS = (
    help_and_version_go_to_stdout,
    mistakes_are_named_and_give_exit_code_2,
    a_bad_address_is_named,
    a_port_in_use_is_named,
    a_request_is_a_segment_with_or_without_newline,
    several_requests_of_a_segment_are_answered_in_order,
    a_bad_request_gets_an_error_and_the_connection_lives_on,
    a_line_too_long_gets_an_error_and_ends_the_connection,
    fast_requests_overtake_hogs,
    sigint_and_sigterm_drain,
    the_load_generator_reports_json,
    run_compiles_a_file_once_and_passes_arguments,
    explore_finds_tells_and_replays_a_finding_of_weft_main,
    explore_finds_nothing_in_what_is_right,
    explore_runs_a_guest_once_a_seed,
    explore_chooses_its_strategy,
    explore_names_what_ends_the_claim_of_replay,
    explore_refuses_what_it_cannot_run,
)


def main():
    failed = False
    for claim in CLAIMS:
        name = claim.__name__
        try:
            claim()
            print(f"ok {name}", flush=True)
        except Skip as why:
            print(f"skipped: {name}: {why}", flush=True)
        except Exception as reason:  # pylint: disable=broad-except
            line = next(f.lineno for f in reversed(traceback.extract_tb(reason.__traceback__)) if f.name == name)
            print(f"FAILED {name} {Path(__file__).name}:{line}: {reason!r}", flush=True)
            failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
