/* A guest that may start processes and makes the most of it, in the way named by its first argument. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ten processes, each of which stays well below what one may have. */
static void take_memory(void) {
  for (int i = 0; i < 10; i++) {
    if (fork() != 0) continue;
    char *memory = malloc(16 << 20);
    memset(memory, i + 1, 16 << 20);
    pause();
  }
  pause();
}

static void bomb(void) {
  for (;;) fork();
}

/* Children whose parent has gone, in sessions of their own. */
static void orphans(void) {
  for (int i = 0; i < 8; i++) {
    if (fork() != 0) continue;
    if (fork() == 0) {
      setsid();
      for (;;) pause();
    }
    _exit(0);
  }
  for (;;) pause();
}

static void spin(void) {
  for (int i = 0; i < 4; i++)
    if (fork() == 0)
      for (;;) __asm__ volatile("");
  while (wait(NULL) > 0) continue;
}

/* Detached from everything that a process can detach itself from. */
static void daemonize(void) {
  if (fork() == 0) {
    setsid();
    for (int number = 1; number < 65; number++) signal(number, SIG_IGN);
    sleep(5);
    puts("daemon");
    fflush(stdout);
    _exit(0);
  }
  puts("parent");
}

int main(int count, char **arguments) {
  const char *mode = count > 1 ? arguments[1] : "";
  if (strcmp(mode, "memory") == 0) take_memory();
  else if (strcmp(mode, "bomb") == 0) bomb();
  else if (strcmp(mode, "orphans") == 0) orphans();
  else if (strcmp(mode, "spin") == 0) spin();
  else if (strcmp(mode, "daemon") == 0) daemonize();
  else return 99;
  return 0;
}
