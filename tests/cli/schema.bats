#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What --json prints is what Documentation/sysprof.schema.json says.

load ../lib/golden

setup_file() {
	cat >"$BATS_FILE_TMPDIR/valid.py" <<'EOF'
import json, sys
import jsonschema

schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
# Against its own kind: what is wrong with it is then told, and nothing passes as another.
kind = jsonschema.Draft202012Validator({"$ref": "#/$defs/" + sys.argv[2], "$defs": schema["$defs"]})
document = json.load(sys.stdin)
errors = [f"{list(e.absolute_path)}: {e.message[:300]}" for e in kind.iter_errors(document)]
assert not errors, "\n".join(errors[:5])
jsonschema.Draft202012Validator(schema).validate(document)
if len(sys.argv) > 3:
    del document[sys.argv[3]]
    assert not kind.is_valid(document), "the schema says nothing of " + sys.argv[3]
EOF
}

valid() {
	python3 "$BATS_FILE_TMPDIR/valid.py" "$BATS_TEST_DIRNAME/../../Documentation/sysprof.schema.json" "$@"
}

@test "profiles, in each view and by each key" {
	for name in server hostile empty; do
		data=$(recording $name)
		"$SYSPROF" report -i "$data" --json --tree | valid profile rows
		for key in symbol line module process thread cpu stack; do
			"$SYSPROF" report -i "$data" --json --by $key | valid profile audit
		done
	done
	"$SYSPROF" report -i "$T/server.data" --json --callers fib | valid profile
	"$SYSPROF" report -i "$T/server.data" --json --callees main --by line | valid profile
	data=$(recording waits)
	for name in cpu block wakers chain mutex; do
		"$SYSPROF" report -i "$data" $name --json | valid profile types
	done
}

@test "tables" {
	for name in threads latency; do
		"$SYSPROF" report -i "$(recording waits)" $name --json | valid sheets notes
	done
	"$SYSPROF" report -i "$(recording syscalls)" syscalls --json | valid sheets
	"$SYSPROF" report -i "$(recording heap)" heap --json | valid sheets
	"$SYSPROF" report -i "$T/heap.data" allocs --json | valid sheets
	"$SYSPROF" report -i "$(recording locks)" mutex --locks --json | valid sheets
	"$SYSPROF" report -i "$(recording pauses)" pauses --json | valid sheets
	"$SYSPROF" diagnose -i "$T/waits.data" --json | valid sheets audit
}

@test "differences" {
	for scale in time share run; do
		"$SYSPROF" diff "$(recording slow)" "$(recording fast)" --scale $scale --json | valid diff total
	done
}
