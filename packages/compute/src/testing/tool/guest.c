/* A tool in C for the tests: its first argument chooses what it does wrong. Input: {"text": …}; output: the text in capitals. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *description =
    "{\"contract\":\"tool/1\",\"name\":\"shout\",\"title\":\"Shout\",\"description\":\"Says it louder\","
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\",\"maxLength\":100}},\"required\":[\"text\"]},"
    "\"outputSchema\":{\"type\":\"string\",\"pattern\":\"^[A-Z !]*$\"},"
    "\"limits\":{\"memoryMb\":32,\"wallMs\":3000},"
    "\"examples\":[{\"input\":{\"text\":\"hello\"},\"output\":\"%s\"}]}\n";

int main(int argc, char **argv) {
  const char *last = argc > 1 ? argv[argc - 1] : "";
  const char *vice = argc > 1 && argv[1][0] != '-' ? argv[1] : "";
  if (strcmp(last, "--mcp-describe") == 0) {
    if (strcmp(vice, "silent") == 0) return 3;
    if (strcmp(vice, "chatty") == 0) return puts("I am a tool") < 0;
    printf(description, strcmp(vice, "wrong") == 0 ? "GOODBYE" : "HELLO");
    return 0;
  }
  char input[512] = "";
  fread(input, 1, sizeof input - 1, stdin);
  const char *text = strstr(input, "\"text\"");
  text = text ? strchr(strchr(text, ':'), '"') + 1 : "";
  if (strncmp(text, "refuse", 6) == 0) {
    puts("{\"error\":{\"code\":\"not_found\",\"message\":\"There is no such word.\",\"data\":{\"word\":\"refuse\"}}}");
    return 1;
  }
  if (strncmp(text, "crash", 5) == 0) abort();
  if (strncmp(text, "who", 3) == 0) {
    const char *names[] = {"TOOL_CALL_ID", "TOOL_DEADLINE_MS", "TOOL_SCRATCH", "TOOL_PAYER", "REMOTE_ADDR", "HTTP_COOKIE", "PATH"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) fprintf(stderr, "%s=%s\n", names[i], getenv(names[i]) ? getenv(names[i]) : "-");
  }
  putchar('"');
  for (const char *c = text; *c && *c != '"'; c++) putchar(toupper((unsigned char)*c));
  puts(strncmp(text, "promise", 7) == 0 ? "?\"" : "\"");
  return 0;
}
