/*
 * One guest: from a program to its first instruction.
 *
 * The runner has already entered the namespaces and installed the system call filter on itself; a guest inherits both. What is
 * left per guest is cheap (about as much as posix_spawn): a task in a new pid namespace, pipes, limits, the Landlock rules, exec.
 *
 * The new task shares the runner's memory until exec, and the runner does not wait for it. So what it does is written without the
 * C library, whose errno would be the runner's, and it writes to nothing but its own birth.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const uint64_t MIB = 1024 * 1024;

enum {
  STACK_BYTES = 8 * 1024 * 1024,
  MOST_DESCRIPTORS = 64,
  MOST_SIGNALS = 64,
  MOST_TEXT = 256 * 1024,
  CLOSE_ON_EXEC = 4, /* CLOSE_RANGE_CLOEXEC */
  BUSY_ATTEMPTS = 5,
};

struct birth {
  const struct house *house;
  struct limits limits;
  int executed, ruleset;
  int in, out, err; /* `in` is -1 for a guest that is sent nothing */
  struct spawn_result failure;
  int unborn; /* the kernel sets it to 0 when the task leaves our memory: at exec, or at its end */
  unsigned char text[MOST_TEXT];
  char *strings[MOST_STRINGS + 2];
  unsigned char stack[32 * 1024] __attribute__((aligned(64)));
};

struct birth *new_birth(void) {
  struct birth *birth = aligned_alloc(64, sizeof *birth); /* pages are not used before they are written */
  if (birth == NULL) fail("aligned_alloc");
  birth->unborn = 0;
  return birth;
}

char **strings_of(struct birth *birth) { return birth->strings; }
unsigned char *text_of(struct birth *birth) { return birth->text; }
bool is_unborn(const struct birth *birth) { return __atomic_load_n(&birth->unborn, __ATOMIC_ACQUIRE) != 0; }
struct spawn_result failure_of(const struct birth *birth) { return birth->failure; }

/* A machine that already allows less keeps that. */
static void limit_common(int resource, rlim_t most) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) != 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max = limit.rlim_max < most ? limit.rlim_max : most;
  if (setrlimit(resource, &limit) != 0) fail("setrlimit");
}

void set_common_limits(void) {
  limit_common(RLIMIT_STACK, STACK_BYTES);
  limit_common(RLIMIT_SIGPENDING, MOST_SIGNALS);
  limit_common(RLIMIT_MEMLOCK, 0);
  limit_common(RLIMIT_MSGQUEUE, 0);
  limit_common(RLIMIT_CORE, 0);
  limit_common(RLIMIT_FSIZE, 0);
}

/* ---- in the new task */

static bool limit_to(int resource, rlim_t soft, rlim_t hard) {
  const struct rlimit limit = {soft, hard};
  return kernel(SYS_prlimit64, 0, resource, (long)&limit, 0, 0) == 0;
}
static bool limit(int resource, rlim_t value) { return limit_to(resource, value, value); }

/*
 * The watchdog in loop.c measures the memory in use and is what ends a guest at its limit. These are the walls behind it: writable
 * memory a quarter above, so that a guest that passes its limit is seen and named; addresses 1 GiB above, which the runtime of
 * Go needs and which bounds memory that was written and then made read-only (RLIMIT_DATA does not count it).
 */
static bool set_limits(const struct house *house, const struct limits *limits) {
  const uint64_t bytes = limits->memory_bytes;
  const rlim_t seconds = (limits->cpu_ms + 999) / 1000 + 1; /* behind the watchdog, which counts milliseconds */
  return limit(RLIMIT_DATA, bytes + bytes / 4 + 16 * MIB) && limit(RLIMIT_AS, bytes + 1024 * MIB) && limit_to(RLIMIT_CPU, seconds, seconds + 1) &&
         (house->most_tasks == RLIM_INFINITY || limit(RLIMIT_NPROC, house->most_tasks));
}

__attribute__((noreturn)) static void leave_task(void) {
  for (;;) kernel(SYS_exit_group, 127, 0, 0, 0, 0);
}

__attribute__((noreturn)) static void give_up(struct birth *birth, enum spawn_step step, long result) {
  birth->failure = (struct spawn_result){step, result < 0 ? (int)-result : EPERM};
  leave_task();
}

/* The runner's end kills us from the first step on, but not if it came before that. */
static bool has_runner(const struct house *house) {
  struct pollfd runner = {.fd = house->self, .events = POLLIN};
  const struct timespec now = {0, 0};
  return kernel(SYS_ppoll, (long)&runner, 1, (long)&now, 0, 0) == 0;
}

/* Runs in the new task. Every step must succeed, or the program is not started. */
static int become_guest(void *argument) {
  struct birth *birth = argument;
  const struct house *house = birth->house;
  long result;
  if ((result = kernel(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)) < 0) give_up(birth, STEP_CONFINE, result);

  long in = birth->in >= 0 ? birth->in : kernel(SYS_openat, house->devices, (long)"null", O_RDONLY | O_CLOEXEC, 0, 0);
  if (in < 0) give_up(birth, STEP_RESOURCES, in);
  if ((result = kernel(SYS_dup3, in, 0, 0, 0, 0)) < 0) give_up(birth, STEP_RESOURCES, result);
  if ((result = kernel(SYS_dup3, birth->out, 1, 0, 0, 0)) < 0) give_up(birth, STEP_RESOURCES, result);
  if ((result = kernel(SYS_dup3, birth->err, 2, 0, 0, 0)) < 0) give_up(birth, STEP_RESOURCES, result);
  if ((result = kernel(SYS_close_range, 3, ~0u, CLOSE_ON_EXEC, 0, 0)) < 0) give_up(birth, STEP_CONFINE, result);

  /*
   * A process group of its own, for a signal to the group reaches beyond the pid namespace. Where there is none, also a session, in
   * which no neighbour's group can be joined. A session costs as much as all other steps together (it is a group of the scheduler).
   */
  result = house->namespaces ? kernel(SYS_setpgid, 0, 0, 0, 0, 0) : kernel(SYS_setsid, 0, 0, 0, 0, 0);
  if (result < 0) give_up(birth, STEP_CONFINE, result);
  if (!set_limits(house, &birth->limits)) give_up(birth, STEP_CONFINE, -EPERM);
  if (house->landlock > 0 && (result = landlock_enter(birth->ruleset)) < 0) give_up(birth, STEP_CONFINE, result);
  if (!limit(RLIMIT_NOFILE, MOST_DESCRIPTORS)) give_up(birth, STEP_CONFINE, -EPERM); /* descriptors above 64 were still needed */
  if (!house->namespaces && (result = confine_to_self(kernel(SYS_getpid, 0, 0, 0, 0, 0), house->landlock >= 6)) < 0)
    give_up(birth, STEP_CONFINE, result);
  if (house->roomy && (result = take_permissions(house->permitted & ~birth->limits.permitted)) < 0) give_up(birth, STEP_CONFINE, result);
  if (!has_runner(house)) leave_task();

  char **argv = birth->strings, **envp = argv;
  while (*envp++ != NULL) {}
  for (int attempt = 0; attempt < BUSY_ATTEMPTS; attempt++) {
    result = kernel(SYS_execveat, birth->executed, (long)"", (long)argv, (long)envp, AT_EMPTY_PATH);
    if (result != -ETXTBSY) break;
    /* Another process of the node was just being started and still holds the descriptor with which the file was written. */
    const struct timespec millisecond = {.tv_nsec = 1000000};
    kernel(SYS_nanosleep, (long)&millisecond, 0, 0, 0, 0);
  }
  give_up(birth, STEP_EXECUTE, result);
}

/* ---- in the runner */

static void close_pair(int pair[2]) {
  if (pair[0] >= 0) close(pair[0]);
  if (pair[1] >= 0) close(pair[1]);
}

/* What is executed: the program, or for a script its interpreter; -1 if this runner cannot. */
static int executed_for(const struct house *house, const struct limits *limits, const struct program *program) {
  if (limits->interpreter == 0) return program->executable ? program->file : -1;
  return limits->interpreter <= MOST_INTERPRETERS ? house->interpreters[limits->interpreter - 1] : -1;
}

static struct spawn_result clone_guest(struct birth *birth, struct guest *guest) {
  const int flags = GUEST_CLONE_FLAGS | (birth->house->namespaces ? CLONE_NEWPID : 0);
  birth->failure = (struct spawn_result){STEP_NONE, 0};
  birth->unborn = 1;
  guest->pid = clone(become_guest, birth->stack + sizeof birth->stack, flags, birth, &guest->pidfd, NULL, &birth->unborn);
  if (guest->pid >= 0) return (struct spawn_result){STEP_NONE, 0};
  birth->unborn = 0;
  return (struct spawn_result){STEP_RESOURCES, errno};
}

struct spawn_result start_guest(const struct house *house, const struct limits *limits, const char *name, struct birth *birth,
                                struct guest *guest) {
  if (limits->permitted & ~house->permitted) return (struct spawn_result){STEP_REQUEST, EPERM};
  struct spawn_result result;
  const struct program *program = find_program(house, name, &result);
  if (program == NULL) return result;
  int executed = executed_for(house, limits, program);
  if (executed < 0) return (struct spawn_result){STEP_FORMAT, ENOEXEC};

  int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
  if ((!limits->no_input && pipe2(in, O_CLOEXEC) != 0) || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
    result = (struct spawn_result){STEP_RESOURCES, errno};
  } else {
    birth->house = house;
    birth->limits = *limits;
    birth->executed = executed;
    birth->ruleset = program->ruleset;
    birth->in = in[0];
    birth->out = out[1];
    birth->err = err[1];
    result = clone_guest(birth, guest);
  }
  if (result.step != STEP_NONE) {
    close_pair(in);
    close_pair(out);
    close_pair(err);
    return result;
  }
  if (in[0] >= 0) close(in[0]);
  close(out[1]);
  close(err[1]);
  guest->in = in[1];
  guest->out = out[0];
  guest->err = err[0];
  if (guest->in >= 0) fcntl(guest->in, F_SETFL, O_NONBLOCK);
  fcntl(guest->out, F_SETFL, O_NONBLOCK);
  fcntl(guest->err, F_SETFL, O_NONBLOCK);
  return result;
}
