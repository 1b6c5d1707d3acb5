#!/bin/sh
# A tool in shell: one JSON value in, one out, with nothing but what the shell itself can do.
# The schema lets no name through that has a quote or an escape in it, so that a name can be cut out of the JSON as it stands.
describe() {
  while IFS= read -r line; do printf '%s\n' "$line"; done <<'END'
{"contract":"tool/1","name":"{{name}}","description":"Greets a person by name",
"inputSchema":{"type":"object","properties":{"name":{"type":"string","minLength":1,"pattern":"^[^\"\\\\\\x00-\\x1f]+$"}},"required":["name"],"additionalProperties":false},
"outputSchema":{"type":"object","properties":{"greeting":{"type":"string"}},"required":["greeting"]},
"examples":[{"input":{"name":"Ada"},"output":{"greeting":"Hello, Ada!"}}]}
END
}

run() {
  # Not $(cat): in the sandbox no other process can be started.
  input=
  while IFS= read -r line || [ -n "$line" ]; do input="$input $line"; done
  rest=${input#*\"name\"*:*\"}
  name=${rest%%\"*}
  if [ "$name" = nobody ]; then
    printf '{"error":{"code":"not_found","message":"There is nobody of that name."}}\n'
    exit 1
  fi
  printf '{"greeting":"Hello, %s!"}\n' "$name"
}

case "$1" in
  --mcp-describe | --mcp-schema) describe ;;
  *) run ;;
esac
