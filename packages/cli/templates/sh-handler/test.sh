set -e
case "$(QUERY_STRING='name=Ada&b=c' sh handler.sh)" in *'Hello, Ada!') ;; *) echo 'it does not greet Ada'; exit 1 ;; esac
case "$(QUERY_STRING='' sh handler.sh)" in *'Hello, world!') ;; *) echo 'it does not greet the world'; exit 1 ;; esac
echo 'all is well'
