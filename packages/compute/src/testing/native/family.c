/*
 * A guest that may start processes and makes the most of it, in the way named by its first argument. Attempts print as those of
 * hostile.c do.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
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

static void attempt(const char *name, long result) {
  if (result < 0) printf("%s: blocked (%s)\n", name, strerror(errno));
  else printf("%s: ESCAPED\n", name);
  fflush(stdout);
}

/* Sessions and groups of its own reach nobody else's; who kills all that it can is left alone with its first process. */
static void kill_all(void) {
  for (int i = 0; i < 3; i++) {
    if (fork() != 0) continue;
    setsid();
    for (;;) pause();
  }
  pid_t killer = fork();
  if (killer == 0) {
    setsid();
    usleep(20000);
    kill(-1, SIGKILL);
    kill(0, SIGKILL);
  }
  int gone = 0;
  while (wait(NULL) > 0) gone++;
  printf("%d gone\n", gone);
}

static long connect_to(const char *path, size_t length) {
  int stream = socket(AF_UNIX, SOCK_STREAM, 0);
  if (stream < 0) return -1;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, length);
  return connect(stream, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + length);
}

/* What a grandchild in a session of its own tries: it is as confined as the first of them. */
static void try_all(int count, char **pids) {
  attempt("read /proc", open("/proc/1/environ", O_RDONLY));
  attempt("list programs", open("/programs", O_RDONLY | O_DIRECTORY));
  attempt("read a neighbour's program", open("/programs/hostile", O_RDONLY));
  attempt("read a password", open("/etc/shadow", O_RDONLY));
  attempt("write to /usr", open("/usr/freehold-escape", O_CREAT | O_WRONLY, 0644));
  attempt("write to /tmp", open("/tmp/freehold-escape", O_CREAT | O_WRONLY, 0644));
  attempt("namespace", unshare(CLONE_NEWUSER));
  attempt("clone into a pid namespace", syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0));
  attempt("shared memory", mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
  attempt("trace its parent", ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
  attempt("further filter", syscall(SYS_seccomp, 1, 0, NULL));
  for (int i = 0; i < count; i++) attempt("signal", kill(atoi(pids[i]), 0));
  attempt("abstract address", connect_to("\0freehold-test", 14));
  attempt("session bus", connect_to("/run/dbus/system_bus_socket", 28));
  attempt("socket of the node", connect_to("/programs/../run/docker.sock", 29));
  attempt("datagram socket", socket(AF_UNIX, SOCK_DGRAM, 0));
  attempt("internet", socket(AF_INET, SOCK_STREAM, 0));
  attempt("netlink", socket(AF_NETLINK, SOCK_RAW, 0));
  int stream = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un own = {.sun_family = AF_UNIX, .sun_path = "\0freehold-own"};
  attempt("bind", bind(stream, (struct sockaddr *)&own, sizeof own));
  attempt("listen", listen(stream, 1));
}

static void detached(int count, char **pids) {
  if (fork() == 0) {
    setsid();
    if (fork() == 0) try_all(count, pids);
    else wait(NULL);
    _exit(0);
  }
  wait(NULL);
}

int main(int count, char **arguments) {
  const char *mode = count > 1 ? arguments[1] : "";
  if (strcmp(mode, "memory") == 0) take_memory();
  else if (strcmp(mode, "bomb") == 0) bomb();
  else if (strcmp(mode, "orphans") == 0) orphans();
  else if (strcmp(mode, "spin") == 0) spin();
  else if (strcmp(mode, "daemon") == 0) daemonize();
  else if (strcmp(mode, "kill-all") == 0) kill_all();
  else if (strcmp(mode, "detached") == 0) detached(count - 2, arguments + 2);
  else return 99;
  return 0;
}
