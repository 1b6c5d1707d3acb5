#include "tool.h"

static const char *description =
    "{\"contract\":\"tool/1\",\"name\":\"{{name}}\",\"description\":\"Greets a person by name\","
    "\"inputSchema\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":200}},\"required\":[\"name\"]},"
    "\"outputSchema\":{\"type\":\"object\",\"properties\":{\"greeting\":{\"type\":\"string\"}},\"required\":[\"greeting\"]},"
    "\"examples\":[{\"input\":{\"name\":\"Ada\"},\"output\":{\"greeting\":\"Hello, Ada!\"}}]}";

static void run(const char *input) {
  char name[1024], greeting[1100];
  tool_text(tool_member(input, "name"), name, sizeof name);
  if (strcmp(name, "nobody") == 0) tool_refuse("not_found", "There is nobody of that name.");
  snprintf(greeting, sizeof greeting, "Hello, %s!", name);
  printf("{\"greeting\":");
  tool_print(greeting);
  printf("}");
}

int main(int argc, char **argv) { return tool_serve(argc, argv, description, run); }
