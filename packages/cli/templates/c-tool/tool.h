/* The contract tool/1 for C: reading a member of the JSON input, writing text as JSON, refusing. */
#ifndef TOOL_H
#define TOOL_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline const char *tool_skip_space(const char *at) {
  while (isspace((unsigned char)*at)) at++;
  return at;
}

/* Behind a string that begins at `at`. The node has checked that the input is JSON. */
static inline const char *tool_skip_string(const char *at) {
  for (at++; *at && *at != '"'; at++) {
    if (*at == '\\' && at[1]) at++;
  }
  return *at ? at + 1 : at;
}

/* Behind the value that begins at `at`. */
static inline const char *tool_skip_value(const char *at) {
  int depth = 0;
  for (at = tool_skip_space(at); *at; ) {
    if (*at == '"') at = tool_skip_string(at);
    else if (*at == '{' || *at == '[') depth++, at++;
    else if (*at == '}' || *at == ']') {
      if (depth == 0) return at;
      depth--, at++;
    } else if (depth == 0 && *at == ',') return at;
    else at++;
    if (depth == 0 && (*at == ',' || *at == '}' || *at == ']' || *at == '\0')) return at;
  }
  return at;
}

/* The value of a member of the object `input`, or NULL. */
static inline const char *tool_member(const char *input, const char *name) {
  const size_t length = strlen(name);
  const char *at = tool_skip_space(input);
  if (*at != '{') return NULL;
  for (at = tool_skip_space(at + 1); *at == '"';) {
    const char *key = at + 1;
    at = tool_skip_string(at);
    const int found = (size_t)(at - 1 - key) == length && strncmp(key, name, length) == 0;
    at = tool_skip_space(at);
    if (*at != ':') return NULL;
    at = tool_skip_space(at + 1);
    if (found) return at;
    at = tool_skip_space(tool_skip_value(at));
    if (*at != ',') return NULL;
    at = tool_skip_space(at + 1);
  }
  return NULL;
}

static inline unsigned tool_hex(const char *at) {
  char digits[5] = {0};
  strncpy(digits, at, 4);
  return (unsigned)strtoul(digits, NULL, 16);
}

/* Copies the text of a JSON string, its escapes resolved, as UTF-8. Returns its length; 0 for what is no string. */
static inline size_t tool_text(const char *value, char *out, size_t size) {
  size_t used = 0;
  if (value && *value == '"') {
    for (const char *at = value + 1; *at && *at != '"' && used + 5 < size; at++) {
      if (*at != '\\') {
        out[used++] = *at;
        continue;
      }
      at++;
      if (*at == 'u') {
        unsigned code = tool_hex(at + 1);
        at += 4;
        if (code >= 0xd800 && code < 0xdc00 && at[1] == '\\' && at[2] == 'u') {
          code = 0x10000 + ((code - 0xd800) << 10) + (tool_hex(at + 3) - 0xdc00);
          at += 6;
        }
        if (code < 0x80) out[used++] = (char)code;
        else if (code < 0x800) out[used++] = (char)(0xc0 | code >> 6), out[used++] = (char)(0x80 | (code & 63));
        else if (code < 0x10000)
          out[used++] = (char)(0xe0 | code >> 12), out[used++] = (char)(0x80 | (code >> 6 & 63)), out[used++] = (char)(0x80 | (code & 63));
        else
          out[used++] = (char)(0xf0 | code >> 18), out[used++] = (char)(0x80 | (code >> 12 & 63)),
          out[used++] = (char)(0x80 | (code >> 6 & 63)), out[used++] = (char)(0x80 | (code & 63));
      } else {
        const char *plain = strchr("n\nt\tr\rb\bf\f", *at);
        out[used++] = plain && *at != '\0' && isalpha((unsigned char)*at) ? plain[1] : *at;
      }
    }
  }
  out[used] = '\0';
  return used;
}

/* Writes text as a JSON string. */
static inline void tool_print(const char *text) {
  putchar('"');
  for (; *text; text++) {
    const unsigned char byte = (unsigned char)*text;
    if (byte == '"' || byte == '\\') printf("\\%c", byte);
    else if (byte < 0x20) printf("\\u%04x", byte);
    else putchar(byte);
  }
  putchar('"');
}

/* Ends the call: the code and the message reach the caller. */
static inline void tool_refuse(const char *code, const char *message) {
  printf("{\"error\":{\"code\":");
  tool_print(code);
  printf(",\"message\":");
  tool_print(message);
  puts("}}");
  exit(1);
}

/* All of standard input. */
static inline char *tool_read(void) {
  size_t size = 4096, used = 0;
  char *input = malloc(size);
  for (size_t got; input && (got = fread(input + used, 1, size - used - 1, stdin)) > 0;) {
    used += got;
    if (size - used < 2) input = realloc(input, size *= 2);
  }
  if (!input) tool_refuse("too_large", "The input is too large.");
  input[used] = '\0';
  return input;
}

/* Answers --mcp-describe, or hands the input to `run`, which prints the output. */
static inline int tool_serve(int argc, char **argv, const char *description, void (*run)(const char *input)) {
  const char *mode = argc > 1 ? argv[argc - 1] : "";
  if (strcmp(mode, "--mcp-describe") == 0 || strcmp(mode, "--mcp-schema") == 0) return puts(description) < 0;
  run(tool_read());
  putchar('\n');
  return 0;
}

#endif
