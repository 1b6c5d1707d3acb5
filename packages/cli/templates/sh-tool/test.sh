set -e
greeting=$(printf '{ "name" : "Ada" }' | sh tool.sh)
[ "$greeting" = '{"greeting":"Hello, Ada!"}' ] || { echo "it said $greeting"; exit 1; }
if refusal=$(printf '{"name":"nobody"}' | sh tool.sh); then echo 'it greeted nobody'; exit 1; fi
case "$refusal" in *'"not_found"'*) ;; *) echo "it refused with $refusal"; exit 1 ;; esac
echo 'all is well'
