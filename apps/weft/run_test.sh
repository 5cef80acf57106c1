#!/bin/bash
# weft run: run_test.sh PATH-OF-WEFT. Each claim prints "ok NAME" or "FAILED NAME: ...".
set -u
weft=$(realpath "${1:?usage: run_test.sh PATH-OF-WEFT}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_CACHE_HOME=$folder/cache
cd "$folder" || exit 1
failures=0

# claim NAME EXPECTED ACTUAL
claim() {
    if [ "$2" = "$3" ]; then
        echo "ok $1"
    else
        printf 'FAILED %s: expected %q, got %q\n' "$1" "$2" "$3"
        failures=$((failures + 1))
    fi
}

# claim_match NAME PATTERN TEXT
claim_match() {
    case $3 in
    $2) echo "ok $1" ;;
    *) claim "$1" "$2" "$3" ;;
    esac
}

# Runs weft with the words: sets said (stdout and stderr) and status.
run() {
    said=$(timeout -k 5 60 "$weft" "$@" 2>&1 </dev/null)
    status=$?
}

programs() {
    find "$XDG_CACHE_HOME/weft/run" -type f ! -name '*.d' | wc -l
}

# A compiler that counts how often it is called.
cat >counting-cc <<'END'
#!/bin/sh
echo call >>"$CALLS"
exec cc "$@"
END
chmod +x counting-cc
export CALLS=$folder/calls
calls() {
    wc -l 2>/dev/null <"$CALLS" || echo 0
}

cat >good.c <<'END'
#include <stdio.h>
#include <weft.h>
#include "number.h"

struct show {
    int argc;
    char **argv;
};
static int show(struct show *self)
{
    printf("%d", NUMBER);
    for (int i = 1; i < self->argc; i++)
        printf(" [%s]", self->argv[i]);
    puts("");
    return weft_sleep(1);
}

int main(int argc, char **argv)
{
    return weft_main(show, .argc = argc, .argv = argv);
}
END
echo '#define NUMBER 42' >number.h

run run good.c one 'two words' --three
claim a_program_runs_with_its_arguments '42 [one] [two words] [--three]' "$said"
claim a_program_that_succeeds_exits_with_0 0 "$status"
claim a_program_is_kept 1 "$(programs)"

run run --cc ./counting-cc good.c
claim another_compiler_is_used 1 "$(calls)"
run run --cc=./counting-cc good.c again
claim a_kept_program_is_used_again 1 "$(calls)"
claim a_kept_program_gets_its_arguments '42 [again]' "$said"
echo '#define NUMBER 43' >number.h
run run --cc ./counting-cc good.c
claim a_changed_header_is_noticed '43 2' "$said $(calls)"
echo '/* changed */' >>good.c
run run --cc ./counting-cc good.c
claim a_changed_source_is_noticed '43 3' "$said $(calls)"
mkdir elsewhere
cd elsewhere || exit 1
run run ../good.c
claim a_source_in_another_folder_finds_its_headers 43 "$said"
cd .. || exit 1

printf 'int main(void)\n{\n    return 7;\n}\n' >seven.c
run run seven.c
claim the_exit_code_is_the_programs 7 "$status"
printf 'int main(void)\n{\n    return nothing;\n}\n' >bad.c
before=$(programs)
run run bad.c
claim a_compile_error_exits_with_1 1 "$status"
claim_match a_compile_error_is_shown_as_it_is '*bad.c:3:*error:*nothing*' "$said"
claim a_compile_error_leaves_nothing_behind "$before" "$(programs)"
touch 'blank name.c'
printf 'int main(void)\n{\n    return 0;\n}\n' >'blank name.c'
run run 'blank name.c'
claim a_name_with_a_blank_runs 0 "$status"

run run missing.c
claim a_missing_file_exits_with_1 1 "$status"
claim_match a_missing_file_is_explained '*cannot read missing.c: No such file*' "$said"
run run .
claim_match a_folder_is_explained '*cannot read .: Is a directory*' "$said"
run run --cc no-such-compiler good.c
claim a_missing_compiler_exits_with_1 1 "$status"
claim_match a_missing_compiler_is_explained "*there is no compiler 'no-such-compiler'*" "$said"
printf 'int main(void) { return 0; }\n/* needs: no-such-package */\n' >needy.c
run run needy.c
claim a_missing_package_exits_with_1 1 "$status"
claim_match a_missing_package_is_explained '*needy.c needs no-such-package*' "$said"
run run
claim no_file_exits_with_2 2 "$status"
run run --frobnicate good.c
claim an_unknown_option_exits_with_2 2 "$status"
touch "$folder/file"
XDG_CACHE_HOME=$folder/file run run good.c
claim_match an_unusable_cache_is_explained '*cannot make */file/weft*: *' "$said"
[ "$failures" -eq 0 ]
