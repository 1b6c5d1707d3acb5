/* A native function: an ordinary CGI program in C. It greets, and shows what it was told and what it may use. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const char *value_of(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}

/* Copies the decoded value of `name` out of the query; control characters become spaces, so it stays on its line. */
static void read_parameter(const char *name, char *out, size_t size) {
  const size_t length = strlen(name);
  size_t used = 0;
  for (const char *pair = value_of("QUERY_STRING"); pair && *pair; pair = strchr(pair, '&'), pair += pair != NULL) {
    if (strncmp(pair, name, length) != 0 || pair[length] != '=') continue;
    for (const char *c = pair + length + 1; *c && *c != '&' && used + 1 < size; c++) {
      char byte = *c == '+' ? ' ' : *c;
      if (*c == '%' && isxdigit((unsigned char)c[1]) && isxdigit((unsigned char)c[2])) {
        byte = (char)strtol((char[]){c[1], c[2], 0}, NULL, 16);
        c += 2;
      }
      out[used++] = iscntrl((unsigned char)byte) ? ' ' : byte;
    }
    break;
  }
  out[used] = '\0';
}

static void print_limit(const char *label, int resource, unsigned long unit, const char *unit_name) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) printf("%s: not limited by rlimit\n", label);
  else printf("%s: %lu %s\n", label, (unsigned long)limit.rlim_cur / unit, unit_name);
}

int main(void) {
  char name[128];
  read_parameter("name", name, sizeof name);
  printf("Content-Type: text/plain; charset=utf-8\r\n\r\n");
  printf("Hello, %s!\n", *name ? name : "world");
  printf("method: %s\n", value_of("REQUEST_METHOD"));
  printf("query: %s\n", value_of("QUERY_STRING"));
  print_limit("memory", RLIMIT_AS, 1024 * 1024, "MiB");
  print_limit("cpu", RLIMIT_CPU, 1, "s");
  return 0;
}
