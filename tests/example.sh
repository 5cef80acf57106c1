#!/bin/sh
# example.sh EXPECTED NAME PROGRAM: the program, run without arguments, ends well and prints that.
# PROGRAM may be --missing=PACKAGES: it was not built for want of them.
expected=$1 name=$2 program=$3

case $program in
--missing=*) echo "skipped: $name: not installed: ${program#*=}" && exit 77 ;;
esac

output=$(mktemp) || exit 1
trap 'rm -f "$output"' EXIT
$TEST_WRAPPER "$program" </dev/null >"$output"
code=$?
if ! diff -u --label expected --label printed "$expected" "$output"; then
    echo "FAILED $name: prints something else"
    exit 1
elif [ $code -ne 0 ]; then
    echo "FAILED $name: exit code $code"
    exit 1
fi
echo "ok $name"
