#!/bin/sh
# headers.sh COMPILER: every public header compiles alone, twice and in any order, as C11 and as C++17, without a warning.
set -u
cd "$(dirname "$0")/.." || exit 1
compiler=$1
command -v "$compiler" >/dev/null || { echo "skipped: $compiler is not installed"; exit 77; }

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
failed=0

# compiles WHAT HEADER...: a file that includes these, in this order.
compiles() {
    what=$1
    shift
    for header; do printf '#include <%s>\n' "$header"; done >"$scratch/unit"
    for language in 'c -std=c11 -Wstrict-prototypes' 'c++ -std=c++17'; do
        case $language in c++*) [ -n "$cxx" ] || continue ;; esac
        # shellcheck disable=SC2086 # the language is words
        if ! "$compiler" -fsyntax-only -Iinclude -Wall -Wextra -Werror -x $language "$scratch/unit"; then
            echo "FAILED $what as ${language%% *}"
            failed=1
        fi
    done
}

cxx=yes
echo | "$compiler" -fsyntax-only -x c++ - 2>/dev/null || { cxx= && echo "skipped: $compiler compiles no C++ here"; }

headers=$(cd include && find . -name '*.h' | sed 's|^\./||' | sort)
for header in $headers; do
    compiles "$header" "$header" "$header"
done
# shellcheck disable=SC2086 # a list of words
compiles 'all of them' $headers
# shellcheck disable=SC2046 # a list of words
compiles 'all of them backwards' $(printf '%s\n' "$headers" | sort -r)
exit $failed
