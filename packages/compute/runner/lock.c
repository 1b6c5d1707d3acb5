/*
 * The launcher: gives up everything, then becomes a program that lives long (a Node process that hosts WebAssembly).
 * The program may read the given paths, compute, have threads, and use descriptors 0 to 3. It cannot write a file, open a
 * socket, start a process or signal one, and it ends when the process that launched it ends.
 *
 * A guest's code does not run here but inside the program's own sandbox (V8). This is the wall behind that wall.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_PATHS = 60, FIRST_FOREIGN_DESCRIPTOR = 4 };

struct list {
  const char *paths[MOST_PATHS];
  size_t count;
};

static void show(struct list *view, const char *path) {
  if (access(path, F_OK) != 0) return; /* "if it exists": /lib64 on arm64, /etc/ld.so.cache under musl */
  if (view->count == MOST_PATHS) refuse("too many --read paths");
  view->paths[view->count++] = path;
}

/* True if SANDBOX_USER can read all that the program needs: not so when Freehold lives in root's home. */
static bool strangers_can_read(const struct list *view) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    if (!leave_root()) _exit(1);
    for (size_t i = 0; i < view->count; i++)
      if (access(view->paths[i], R_OK) != 0) _exit(1);
    _exit(0);
  }
  int status;
  if (waitpid(child, &status, 0) != child) fail("waitpid");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Read for the view; execute for nothing but the program and its loader. */
static int rules_for(const struct list *view, const char *program, const char *loader, int version) {
  int ruleset = landlock_forbid_all(version);
  if (ruleset < 0) fail("landlock_create_ruleset");
  for (size_t i = 0; i < view->count; i++) {
    int target = open(view->paths[i], O_PATH | O_CLOEXEC);
    struct stat status;
    if (target < 0 || fstat(target, &status) != 0) fail(view->paths[i]);
    unsigned access = S_ISDIR(status.st_mode) ? MAY_READ | MAY_LIST : MAY_READ;
    if (strcmp(view->paths[i], program) == 0 || strcmp(view->paths[i], loader) == 0) access |= MAY_EXECUTE;
    if (S_ISCHR(status.st_mode)) access |= MAY_WRITE; /* /dev/null */
    if (!landlock_permit(ruleset, target, access)) fail("landlock_add_rule");
    close(target);
  }
  return ruleset;
}

static void limit(int resource, rlim_t value) {
  struct rlimit both = {value, value};
  if (setrlimit(resource, &both) != 0) fail("setrlimit");
}

int lock(int argc, char **argv) {
  struct list view = {.count = 0};
  bool may_namespace = true, may_landlock = true;
  int i = 2;
  for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (strcmp(argv[i], "--read") == 0 && i + 1 < argc) show(&view, argv[++i]);
    else if (strcmp(argv[i], "--no-namespaces") == 0) may_namespace = false; /* these two let tests be a poorer machine */
    else if (strcmp(argv[i], "--no-landlock") == 0) may_landlock = false;
    else refuse("unknown option of --lock");
  }
  if (i + 1 >= argc || argv[i + 1][0] != '/') refuse("--lock needs -- and the absolute path of a program");
  char **command = argv + i + 1;

  char program[PATH_MAX], loader[PATH_MAX] = "";
  if (realpath(command[0], program) == NULL) fail(command[0]);
  int file = open(program, O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(program);
  show(&view, program);
  if (interpreter_of(file, loader, sizeof loader)) show(&view, loader);
  close(file);

  if (syscall(SYS_close_range, FIRST_FOREIGN_DESCRIPTOR, ~0u, 0) != 0) fail("close_range (Linux 5.9 or newer is needed)");

  int version = may_landlock ? landlock_version() : 0, ruleset = -1;
  if (version > 0) {
    struct list files = view;
    show(&files, "/dev/null");
    show(&files, "/dev/urandom");
    ruleset = rules_for(&files, program, loader, version);
  }

  if (geteuid() == 0 && strangers_can_read(&view) && !leave_root()) fail("leave root");
  char why[128] = "not tried";
  bool namespaces = may_namespace && namespaces_work(false, &(struct view){view.paths, view.count, -1}, why, sizeof why);
  if (!namespaces && version == 0) refuse("neither user namespaces nor Landlock are available here");
  if (namespaces) {
    const char *failure = enter_namespaces(&(struct view){view.paths, view.count, -1});
    if (failure != NULL) fail(failure);
  } else if (chdir("/") != 0) fail("chdir /");

  keep_capability(-1);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_MEMLOCK, 0);
  limit(RLIMIT_MSGQUEUE, 0);
  die_with_parent();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no_new_privs");
  if (version > 0) {
    if (landlock_enter(ruleset) < 0) fail("landlock_restrict_self");
    close(ruleset);
  }
  limit(RLIMIT_NOFILE, 256);
  install_filter(&(struct filter){.more_filters = true});
  if (confine_to_self(getpid(), version >= 6) < 0) fail("seccomp");
  execv(program, command);
  fail("exec");
}
