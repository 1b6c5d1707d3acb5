/*
 * runner --serve --slots=K --programs=DIR    confine and run guests for the node (serve.c); with --roomy also guests that need
 *                                            the system's libraries, an interpreter or processes of their own
 * runner --lock [--read PATH]... -- PROGRAM  confine this process, then become PROGRAM (lock.c)
 */
#include "sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void fail(const char *what) {
  fprintf(stderr, "runner: %s: %s\n", what, strerror(errno));
  _exit(EXIT_SETUP);
}

void refuse(const char *why) {
  fprintf(stderr, "REFUSED: %s\n", why);
  _exit(EXIT_REFUSED);
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--serve") == 0) return serve(argc, argv);
  if (argc > 1 && strcmp(argv[1], "--lock") == 0) return lock(argc, argv);
  fputs("usage: runner --serve --slots=K --programs=DIR | runner --lock [--read PATH]... -- PROGRAM [ARGUMENT]...\n", stderr);
  return EXIT_USAGE;
}
