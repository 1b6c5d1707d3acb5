set -e
case "$(QUERY_STRING='a=b&name=Ada%20L' ./{{name}})" in *'Hello, Ada L!') ;; *) echo 'it does not greet Ada'; exit 1 ;; esac
case "$(QUERY_STRING='' ./{{name}})" in *'Hello, world!') ;; *) echo 'it does not greet the world'; exit 1 ;; esac
echo 'all is well'
