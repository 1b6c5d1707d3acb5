/* The least that a CGI program can do: what is measured is everything around it. */
#include <unistd.h>

int main(void) {
  static const char answer[] = "Content-Type: text/plain\n\nhello\n";
  return write(1, answer, sizeof answer - 1) == sizeof answer - 1 ? 0 : 1;
}
