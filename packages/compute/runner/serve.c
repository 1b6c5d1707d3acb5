/*
 * The pre-started runner: one process that waits for work on one inherited socketpair (descriptor 3). It has K slots, each of which
 * runs one guest at a time. There is no listening socket and no path, so there is nobody to authenticate: who holds the other end is
 * the node. All buffers have a fixed size; a frame that cannot be is answered by killing every guest and leaving.
 *
 * Here it starts: it takes what it needs from the machine, and then gives up everything else. The work itself is in loop.c.
 */
#include "slot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

struct house house = {.programs = -1, .devices = -1, .interpreters = {-1, -1, -1, -1}};
struct slot slots[MOST_SLOTS];
unsigned slot_count = 16;
int events = -1;
int refusals = -1;
int processes = -1;

/* What the command line asks for. */
struct wishes {
  const char *programs;
  const char *shown[MOST_SHOWN], *interpreters[MOST_INTERPRETERS];
  size_t shown_count, interpreter_count;
  bool namespaces, landlock, explain;
  uint32_t permitted;
};

/* From here on the runner itself has little left to lose: an unprivileged user in empty namespaces, or behind Landlock. */
static void confine_runner(const struct wishes *wishes, char *why, size_t why_size) {
  bool root = geteuid() == 0;
  struct view view = {wishes->shown, wishes->shown_count, house.libraries ? house.programs : -1};
  house.namespaces = wishes->namespaces && namespaces_work(root, &view, why, why_size);
  /* The one hides the host, the other keeps a guest to its own program among all that are shown. */
  if (house.libraries && !(house.namespaces && house.landlock > 0))
    refuse("programs with libraries, scripts and processes of their own need both user namespaces and Landlock");
  if (house.roomy && !families_can_be_seen(processes)) refuse("this kernel does not tell the children of a process (CONFIG_PROC_CHILDREN)");
  if (!house.namespaces && house.landlock == 0) refuse("neither user namespaces nor Landlock are available here");

  bool own_user = house.namespaces || root;
  house.most_tasks = own_user ? (rlim_t)MOST_THREADS * (slot_count + 1) : RLIM_INFINITY;
  if (!house.namespaces) { /* hides what Landlock does not: that a file exists, its size and times */
    if (root) enter_empty_root();
    else if (chdir("/") != 0) fail("chdir /");
  }
  if (root && !leave_root()) refuse("started as root and cannot become another user; start the node as an ordinary user");
  if (house.namespaces) {
    const char *failure = enter_namespaces(&view);
    if (failure != NULL) fail(failure);
    close(house.devices);
    house.devices = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC); /* that of the guests */
    for (size_t i = 0; i < wishes->shown_count; i++) house.shown[i] = open(wishes->shown[i], O_PATH | O_CLOEXEC);
    for (size_t i = 0; i < wishes->interpreter_count; i++) house.interpreters[i] = open(wishes->interpreters[i], O_RDONLY | O_CLOEXEC);
  }
  keep_capability(house.namespaces ? CAP_SYS_ADMIN : -1); /* for each guest's pid namespace */
  die_with_parent();
  if (prctl(PR_SET_DUMPABLE, 0) != 0) fail("undumpable");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no_new_privs");
}

/* Takes the value of an option into a list; a path that this system does not have (/lib64 on arm64) is left out. */
static void add_path(const char *path, const char **list, size_t *count, size_t most) {
  if (access(path, F_OK) != 0) return;
  if (*count == most) refuse("too many paths");
  list[(*count)++] = path;
}

static bool read_wishes(int argc, char **argv, struct wishes *wishes) {
  for (int i = 2; i < argc; i++) {
    if (strncmp(argv[i], "--slots=", 8) == 0) slot_count = strtoul(argv[i] + 8, NULL, 10);
    else if (strncmp(argv[i], "--programs=", 11) == 0) wishes->programs = argv[i] + 11;
    else if (strncmp(argv[i], "--show=", 7) == 0) add_path(argv[i] + 7, wishes->shown, &wishes->shown_count, MOST_SHOWN);
    else if (strncmp(argv[i], "--interpreter=", 14) == 0 && wishes->interpreter_count < MOST_INTERPRETERS)
      wishes->interpreters[wishes->interpreter_count++] = argv[i] + 14; /* their numbers stay, whether they are there or not */
    else if (strcmp(argv[i], "--roomy") == 0) house.libraries = house.roomy = true;
    else if (strcmp(argv[i], "--explain") == 0) wishes->explain = true;
    /* What no guest of this runner will be permitted is refused by the first filter, which is the one that can tell of it. */
    else if (strcmp(argv[i], "--no-processes") == 0) wishes->permitted &= ~(uint32_t)MAY_START_PROCESSES;
    else if (strcmp(argv[i], "--no-connections") == 0) wishes->permitted &= ~(uint32_t)MAY_CONNECT;
    else if (strcmp(argv[i], "--no-namespaces") == 0) wishes->namespaces = false; /* these two let tests be a poorer machine */
    else if (strcmp(argv[i], "--no-landlock") == 0) wishes->landlock = false;
    else return false;
  }
  /* What is refused is told to one slot, so there must be only one to ask. */
  return wishes->programs != NULL && slot_count >= 1 && slot_count <= (wishes->explain ? 1 : MOST_SLOTS);
}

static void on_broken_pipe(int signal) { (void)signal; }

/* What a guest inherits: nothing is blocked, nothing ignored. A signal that is caught here is as new after exec. */
static void own_signals(void) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  signal(SIGPIPE, on_broken_pipe);
}

int serve(int argc, char **argv) {
  static struct wishes wishes = {.namespaces = true, .landlock = true, .permitted = MAY_START_PROCESSES | MAY_CONNECT};
  if (!read_wishes(argc, argv, &wishes)) {
    fputs("usage: runner --serve --slots=1..64 --programs=DIR [--explain] [--roomy [--show=PATH]... [--interpreter=PATH]... [--no-processes] [--no-connections]]\n", stderr);
    return EXIT_USAGE;
  }
  own_signals();
  setsid(); /* no terminal, and a group of the scheduler that guests share; it fails where we lead a group, and then they share that */
  for (int i = 0; i <= LINE; i++)
    if (fcntl(i, F_GETFD) < 0) fail("descriptors 0 to 3");
  if (syscall(SYS_close_range, LINE + 1, ~0u, 0) != 0) refuse("Linux 5.13 or newer is needed");
  house.programs = open(wishes.programs, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (house.programs < 0) fail(wishes.programs);
  house.devices = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
  house.self = syscall(SYS_pidfd_open, getpid(), 0);
  if (house.devices < 0 || house.self < 0) refuse("/dev or pidfd_open is missing");
  processes = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (processes < 0) refuse("/proc is not mounted, and without it memory cannot be watched");
  house.permitted = house.roomy ? wishes.permitted : 0;
  house.landlock = wishes.landlock ? landlock_version() : 0;
  for (int i = 0; i < MOST_SHOWN; i++) house.shown[i] = -1;

  char why[128] = "";
  confine_runner(&wishes, why, sizeof why);
  int null = openat(house.devices, "null", O_RDONLY | O_CLOEXEC);
  if (null < 0) refuse("/dev/null is missing, and programs without input read from it");
  close(null);
  set_common_limits();
  events = epoll_create1(EPOLL_CLOEXEC);
  if (events < 0) fail("epoll_create1");
  open_line();
  open_slots();
  refusals = install_filter(&(struct filter){house.namespaces, !house.namespaces || house.roomy, house.permitted, wishes.explain});
  if (refusals >= 0) watch(&slots[0], refusals, GUEST_REFUSED, EPOLLIN, EPOLL_CTL_ADD);
  /* Said last: whoever reads it may rely on everything above. */
  dprintf(STDOUT_FILENO, "{\"tier\":\"%s\",\"landlock\":%d,\"why\":\"%s\"}\n", house.namespaces ? "namespaces" : "landlock", house.landlock, why);
  loop();
}
