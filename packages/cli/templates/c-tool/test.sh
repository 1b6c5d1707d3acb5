set -e
expect() {
  came=$(printf '%s' "$1" | ./{{name}} || true)
  [ "$came" = "$2" ] || { echo "for $1 came $came and not $2"; exit 1; }
}
expect '{"name":"Ada"}' '{"greeting":"Hello, Ada!"}'
expect '{ "other": [1, "]", {"name": "Eve"}], "name" : "J\u00fcrgen \"J\"\n" }' '{"greeting":"Hello, Jürgen \"J\"\u000a!"}'
expect '{"name":"nobody"}' '{"error":{"code":"not_found","message":"There is nobody of that name."}}'
echo 'all is well'
