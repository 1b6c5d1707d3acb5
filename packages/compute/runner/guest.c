/*
 * One guest: from a file in the programs directory to its first instruction.
 *
 * The runner has already entered the namespaces and installed the system call filter on itself; a guest inherits both. What is
 * left per guest is cheap (about 0.1 ms): a task in a new pid namespace, three pipes, limits, the Landlock rules, exec.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const uint64_t MIB = 1024 * 1024;

enum {
  STACK_BYTES = 8 * 1024 * 1024,
  MOST_DESCRIPTORS = 64,
  CLOSE_ON_EXEC = 4, /* CLOSE_RANGE_CLOEXEC */
  BUSY_ATTEMPTS = 5,
};

/* What the child needs, and what it tells back. Parent and child share their memory until exec (CLONE_VM | CLONE_VFORK). */
struct birth {
  const struct house *house;
  const struct limits *limits;
  int program; /* the file, which for a script is not what is executed */
  int executed, in, out, err;
  char **argv, **envp;
  struct spawn_result failure;
};

static bool limit_to(int resource, rlim_t soft, rlim_t hard) {
  struct rlimit limit = {soft, hard};
  return setrlimit(resource, &limit) == 0;
}
static bool limit(int resource, rlim_t value) { return limit_to(resource, value, value); }

/*
 * The watchdog in serve.c measures the memory in use and is what ends a guest at its limit. These are the walls behind it: writable
 * memory a quarter above, so that a guest that passes its limit is seen and named; addresses 1 GiB above, which the runtime of
 * Go needs and which bounds memory that was written and then made read-only (RLIMIT_DATA does not count it).
 */
static bool limit_memory(uint64_t bytes) {
  return limit(RLIMIT_DATA, bytes + bytes / 4 + 16 * MIB) && limit(RLIMIT_AS, bytes + 1024 * MIB) && limit(RLIMIT_STACK, STACK_BYTES) &&
         limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0);
}

static bool set_limits(const struct house *house, const struct limits *limits) {
  rlim_t seconds = (limits->cpu_ms + 999) / 1000 + 1; /* behind the watchdog, which counts milliseconds */
  return limit_memory(limits->memory_bytes) && limit_to(RLIMIT_CPU, seconds, seconds + 1) && limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&
         limit(RLIMIT_SIGPENDING, 64) && (house->most_tasks == RLIM_INFINITY || limit(RLIMIT_NPROC, house->most_tasks));
}

/* Files are executed and read, folders listed, too. */
static unsigned access_to(int target) {
  struct stat status;
  return MAY_EXECUTE | MAY_READ | (fstat(target, &status) == 0 && S_ISDIR(status.st_mode) ? MAY_LIST : 0);
}

/* The guest may execute and read its own file, what it is shown and, where it has a root of its own, use the devices. */
static bool forbid_files(const struct house *house, int program) {
  if (house->landlock == 0) return true; /* then it has namespaces: its root holds nothing (see serve.c) */
  int ruleset = landlock_forbid_all(house->landlock);
  if (ruleset < 0 || !landlock_permit(ruleset, program, MAY_EXECUTE | MAY_READ)) return false;
  for (int i = 0; i < DEVICE_COUNT; i++)
    if (house->devices[i] >= 0 && !landlock_permit(ruleset, house->devices[i], MAY_READ | MAY_WRITE)) return false;
  for (int i = 0; i < MOST_SHOWN; i++)
    if (house->shown[i] >= 0 && !landlock_permit(ruleset, house->shown[i], access_to(house->shown[i]))) return false;
  return landlock_enter(ruleset);
}

__attribute__((noreturn)) static void give_up(struct birth *birth, enum spawn_step step) {
  birth->failure = (struct spawn_result){step, errno};
  _exit(127);
}

/* Runs in the new task. Every step must succeed, or the program is not started. */
static int become_guest(void *argument) {
  struct birth *birth = argument;
  if (dup2(birth->in, 0) < 0 || dup2(birth->out, 1) < 0 || dup2(birth->err, 2) < 0) give_up(birth, STEP_RESOURCES);
  if (syscall(SYS_close_range, 3, ~0u, CLOSE_ON_EXEC) != 0) give_up(birth, STEP_CONFINE);
  if (setsid() < 0) give_up(birth, STEP_CONFINE);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(birth, STEP_CONFINE);
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (!set_limits(birth->house, birth->limits)) give_up(birth, STEP_CONFINE);
  if (!forbid_files(birth->house, birth->program)) give_up(birth, STEP_CONFINE);
  if (!limit(RLIMIT_NOFILE, MOST_DESCRIPTORS)) give_up(birth, STEP_CONFINE); /* last: descriptors above 64 were still needed */
  if (!birth->house->namespaces && confine_to_self(getpid(), birth->house->landlock >= 6) != 0) give_up(birth, STEP_CONFINE);
  if (birth->house->roomy && take_permissions(birth->house->permitted & ~birth->limits->permitted) != 0) give_up(birth, STEP_CONFINE);

  for (int attempt = 0; attempt < BUSY_ATTEMPTS; attempt++) {
    syscall(SYS_execveat, birth->executed, "", birth->argv, birth->envp, AT_EMPTY_PATH);
    if (errno != ETXTBSY) break;
    /* Another process of the node was just being started and still holds the descriptor with which the file was written. */
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  give_up(birth, STEP_EXECUTE);
}

static void close_pair(int pair[2]) {
  if (pair[0] >= 0) close(pair[0]);
  if (pair[1] >= 0) close(pair[1]);
}

/* Opens the program by a bare name: no path leads out of the programs directory, and a link in it leads nowhere. */
static int open_program(const struct house *house, const struct limits *limits, const char *name, struct spawn_result *result) {
  if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL) {
    *result = (struct spawn_result){STEP_REQUEST, EINVAL};
    return -1;
  }
  if (limits->permitted & ~house->permitted) {
    *result = (struct spawn_result){STEP_REQUEST, EPERM};
    return -1;
  }
  int program = openat(house->programs, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (program < 0) {
    *result = (struct spawn_result){STEP_OPEN, errno};
    return -1;
  }
  bool known = limits->interpreter == 0 ? is_executable(program, !house->libraries)
                                        : limits->interpreter <= MOST_INTERPRETERS && house->interpreters[limits->interpreter - 1] >= 0;
  if (!known) {
    *result = (struct spawn_result){STEP_FORMAT, ENOEXEC};
    close(program);
    return -1;
  }
  return program;
}

static struct spawn_result clone_guest(struct birth *birth, struct guest *guest) {
  static char stack[64 * 1024] __attribute__((aligned(64))); /* one is enough: vfork, so never two children before exec */
  int flags = GUEST_CLONE_FLAGS | (birth->house->namespaces ? CLONE_NEWPID : 0);
  int pidfd = -1;
  pid_t pid = clone(become_guest, stack + sizeof stack, flags, birth, &pidfd);
  if (pid < 0) return (struct spawn_result){STEP_RESOURCES, errno};
  if (birth->failure.step != STEP_NONE) {
    waitpid(pid, NULL, 0);
    close(pidfd);
    return birth->failure;
  }
  guest->pid = pid;
  guest->pidfd = pidfd;
  return (struct spawn_result){STEP_NONE, 0};
}

struct spawn_result start_guest(const struct house *house, const struct limits *limits, const char *name, char **argv, char **envp,
                                struct guest *guest) {
  struct spawn_result result = {STEP_NONE, 0};
  int program = open_program(house, limits, name, &result);
  if (program < 0) return result;

  int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
    result = (struct spawn_result){STEP_RESOURCES, errno};
  } else {
    int executed = limits->interpreter == 0 ? program : house->interpreters[limits->interpreter - 1];
    struct birth birth = {house, limits, program, executed, in[0], out[1], err[1], argv, envp, {STEP_NONE, 0}};
    result = clone_guest(&birth, guest);
  }
  close(program);
  if (result.step != STEP_NONE) {
    close_pair(in);
    close_pair(out);
    close_pair(err);
    return result;
  }

  close(in[0]);
  close(out[1]);
  close(err[1]);
  guest->in = in[1];
  guest->out = out[0];
  guest->err = err[0];
  fcntl(guest->in, F_SETFL, O_NONBLOCK);
  fcntl(guest->out, F_SETFL, O_NONBLOCK);
  fcntl(guest->err, F_SETFL, O_NONBLOCK);
  return result;
}
