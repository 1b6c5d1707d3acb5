/* A function of the web in C: the request is in the environment and on standard input (CGI), the answer goes to standard output. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies the decoded value of `name` out of the query. */
static void read_parameter(const char *name, char *out, size_t size) {
  const size_t length = strlen(name);
  size_t used = 0;
  const char *pair = getenv("QUERY_STRING");
  while (pair && (strncmp(pair, name, length) != 0 || pair[length] != '=')) {
    pair = strchr(pair, '&');
    if (pair) pair++;
  }
  for (const char *at = pair ? pair + length + 1 : ""; *at && *at != '&' && used + 1 < size; at++) {
    char byte = *at == '+' ? ' ' : *at;
    if (*at == '%' && isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2])) {
      byte = (char)strtol((char[]){at[1], at[2], 0}, NULL, 16);
      at += 2;
    }
    out[used++] = byte;
  }
  out[used] = '\0';
}

int main(void) {
  char name[128];
  read_parameter("name", name, sizeof name);
  printf("Content-Type: text/plain; charset=utf-8\r\n\r\nHello, %s!\n", *name ? name : "world");
  return 0;
}
