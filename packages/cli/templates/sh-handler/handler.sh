#!/bin/sh
# A function of the web in shell: the request is in the environment and on standard input (CGI), the answer goes to standard output.
name=world
case "&$QUERY_STRING" in
  *'&name='*)
    name=${QUERY_STRING##*name=}
    name=${name%%&*}
    ;;
esac
printf 'Content-Type: text/plain; charset=utf-8\r\n\r\nHello, %s!\n' "$name"
