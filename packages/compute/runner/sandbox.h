/*
 * The native sandbox of Freehold: what the source files share.
 *
 *   main.c         chooses the mode from the command line
 *   serve.c        the pre-started runner: its start and its confinement
 *   loop.c         the runner at work: events and watchdogs
 *   line.c         the line to the node (slot.h: the protocol)
 *   frames.c       what the node sends
 *   slot.c         one guest and its pipes, and what the node is told of it
 *   watchdog.c     what a guest, and all it started, uses
 *   programs.c     the files that are executed, kept open while they are in use
 *   guest.c        one guest: from a program to its first instruction
 *   lock.c         the launcher: confines itself, then becomes a long-lived program (a WebAssembly host)
 *   namespaces.c   user, mount, network, ipc and uts namespaces, and the file system a guest sees
 *   privilege.c    root and capabilities given away
 *   landlock.c     file access rules of the kernel
 *   filter.c       the system calls that exist for a guest
 *   elf.c          which executables are accepted
 *   probe.c        not part of this program: the guest with which the sandbox proves itself
 *
 * No library but libc. Linux 5.13 or newer; x86-64 and arm64.
 */
#ifndef FREEHOLD_SANDBOX_H
#define FREEHOLD_SANDBOX_H

#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>

/* System calls newer than some C libraries' headers. Since 5.x a number means the same on every architecture. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif
#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

/*
 * A system call without the C library: a negative result is an errno. For a task that shares our memory and must not touch what
 * the library keeps in it.
 */
static inline long kernel(long number, long a, long b, long c, long d, long e) {
#if defined(__x86_64__)
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
#else
#error "The native sandbox knows x86-64 and arm64."
#endif
}

/* What the operator may expect from the exit code. */
enum {
  EXIT_USAGE = 64,    /* wrong command line */
  EXIT_PROTOCOL = 70, /* the node sent a frame that cannot be; every guest was killed */
  EXIT_SETUP = 71,    /* the machine failed in a way that was not foreseen */
  EXIT_REFUSED = 78,  /* this machine offers no way to confine a program */
};

/* Prints "what: errno" to standard error and leaves with EXIT_SETUP. */
__attribute__((noreturn)) void fail(const char *what);
/* Prints "REFUSED: why" and leaves with EXIT_REFUSED. */
__attribute__((noreturn)) void refuse(const char *why);

int serve(int argc, char **argv);
int lock(int argc, char **argv);

/* ---- privilege.c */

/* The user that guests run as when the node was started by root; nobody's, and owner of nothing. */
enum { SANDBOX_USER = 200000, FALLBACK_USER = 65534 };

/* Gives up root for SANDBOX_USER (FALLBACK_USER where it is not mapped). False if the machine does not let us. */
bool leave_root(void);
/* Keeps one capability of the present user namespace, or none when `keep` is negative; never regained after exec. */
void keep_capability(int keep);
/* Makes a directory that no longer exists the root, so that no path leads anywhere. Needs CAP_SYS_CHROOT; false without. */
bool enter_empty_root(void);
/* The kernel kills us when the process that started us ends. Must come after the last change of user: that clears it. */
void die_with_parent(void);

/* ---- namespaces.c */

/* All of the host's /dev that a guest sees. Not /dev/zero: mapped shared, it is memory that no limit counts. */
enum { DEVICE_COUNT = 3 };
extern const char *const harmless_devices[DEVICE_COUNT];

/* Where guests find the programs directory when it is shown. */
#define SHOWN_PROGRAMS "/programs"

/* What of the host a guest sees besides the harmless devices, read-only. */
struct view {
  const char *const *paths;
  size_t count;
  int programs; /* this directory appears as SHOWN_PROGRAMS; -1 for not at all */
};

/*
 * Moves this process into new user, network, ipc, uts and mount namespaces whose root holds nothing but the harmless
 * devices and what is in the view. Returns NULL, or the step that failed with errno set.
 */
const char *enter_namespaces(const struct view *view);
/*
 * Does the same in a child process first, which leaves root if asked. Some systems let unshare succeed and refuse what follows
 * (AppArmor on Ubuntu), and a half-entered namespace cannot be left. True if all of it works; else `why` says which step failed.
 */
bool namespaces_work(bool without_root, const struct view *view, char *why, size_t why_size);

/* ---- landlock.c */

/* The kernel's Landlock version, 0 without Landlock. */
int landlock_version(void);
enum {
  MAY_EXECUTE = 1 << 0,
  MAY_WRITE = 1 << 1,
  MAY_READ = 1 << 2,
  MAY_LIST = 1 << 3,
};
/* A new ruleset that forbids everything this kernel's Landlock can forbid. -1 on failure. */
int landlock_forbid_all(int version);
/* Makes an exception for the file or everything beneath the directory `target` (any descriptor, also O_PATH). */
bool landlock_permit(int ruleset, int target, unsigned access);
/* Applies the rules to this process, for ever. Needs no_new_privs. Returns 0 or a negative errno. */
long landlock_enter(int ruleset);

/* ---- filter.c */

/*
 * The flags of clone(2) with which the runner starts a guest, and no program may. In a namespace they include CLONE_NEWPID,
 * which needs a capability that guests lose at exec; without namespaces the second filter below refuses them.
 */
enum { GUEST_CLONE_FLAGS = CLONE_VM | CLONE_CHILD_CLEARTID | CLONE_PIDFD | SIGCHLD };

/* What a guest of a roomy runner may be allowed. */
enum permission {
  MAY_START_PROCESSES = 1 << 0,
  MAY_CONNECT = 1 << 1, /* to the sockets that it finds in the programs directory, whose other end is the node: it has no network */
};

/* What differs between runners. */
struct filter {
  bool namespaces;   /* guests are started in pid namespaces of their own */
  bool more_filters; /* seccomp(2) itself stays, for the filters below */
  uint32_t permitted; /* enum permission: what guests may be allowed; what one of them may not is taken by take_permissions() */
  bool explained;    /* refused calls are told, too: see next_refusal() */
};
/* Leaves only the system calls a computing program needs. Returns the descriptor for next_refusal() if that is wanted, else -1. */
int install_filter(const struct filter *wanted);

/* A call that a guest was refused. */
struct refusal {
  int number;
  const char *name; /* NULL if it is none that we refuse by name */
  int error;
};
/* Takes and answers the next refused call; false if whoever made it has gone. */
bool next_refusal(int listener, struct refusal *refusal);
/* No further filter is accepted, and what is `taken` of the permissions that a roomy filter leaves is refused. Returns 0 or a negative errno. */
long take_permissions(uint32_t taken);
/*
 * For a program that has no pid namespace of its own: signals reach only process `self`, new tasks are threads of it, and no
 * further filter is accepted. Returns 0 or a negative errno. `scoped`: Landlock already keeps signals inside (version 6).
 */
long confine_to_self(pid_t self, bool scoped);

/* ---- elf.c */

/* True if `file` is an executable of this architecture, and static if it must be; else errno is ENOEXEC. */
bool is_executable(int file, bool must_be_static);
/* Copies the path of the dynamic loader that `file` asks for; false if it asks for none. */
bool interpreter_of(int file, char *path, size_t size);

/* ---- what the node asks for */

/* Threads of one guest. The watchdog ends a guest that has more; their stacks are memory, so it is told as "memory". */
enum { MOST_THREADS = 64 };

/* The first bytes of an EXECUTE frame, in the byte order of the machine: both ends are on the same one. */
struct limits {
  uint64_t memory_bytes;
  uint64_t cpu_ms;
  uint64_t wall_ms;
  uint64_t output_bytes;
  uint64_t error_bytes;
  uint32_t interpreter; /* 0: the file is an executable; n: it is a script for the n-th interpreter of the runner */
  uint32_t permitted;   /* enum permission */
  uint32_t no_input;    /* nothing will be sent for its standard input */
  uint32_t unused;
};

/* Why a guest could not be started; the numbers are part of the protocol (spawn-failure.ts). */
enum spawn_step {
  STEP_NONE = 0,
  STEP_REQUEST,   /* the name is not a bare file name */
  STEP_OPEN,      /* no such program, or it cannot be read */
  STEP_FORMAT,    /* not an executable for this machine, not a static one, or no such interpreter */
  STEP_RESOURCES, /* no descriptors or processes left */
  STEP_CONFINE,   /* a restriction could not be applied, so the program was not started */
  STEP_EXECUTE,   /* the kernel refused to execute it */
};

enum { MOST_INTERPRETERS = 4, MOST_SHOWN = 16 };

/* Everything the runner decided at start and every guest needs. */
struct house {
  bool namespaces;
  bool libraries;  /* guests see the libraries of the system, and may be dynamic executables or scripts */
  bool roomy;      /* guests may be given permissions */
  uint32_t permitted; /* those that they may be given (enum permission) */
  int interpreters[MOST_INTERPRETERS]; /* open for execution, or -1 */
  int shown[MOST_SHOWN]; /* O_PATH descriptors of what they see, or -1 */
  int landlock;
  int programs;   /* O_PATH descriptor of the programs directory */
  int devices;    /* O_PATH descriptor of a /dev with at least /dev/null; in a namespace it is what guests see */
  int self;       /* pidfd of the runner */
  rlim_t most_tasks; /* threads of all guests together; RLIM_INFINITY where guests share a person's user id */
};

struct spawn_result {
  enum spawn_step step;
  int error; /* errno of a failed step */
};

/* ---- programs.c */

struct program {
  int file;     /* open for execution */
  int ruleset;  /* what Landlock leaves to it; -1 without Landlock */
  bool executable; /* what kind of executable, is_executable() says */
};
/* Opens the program `name`, or finds it open. It stays so until another needs the room; NULL, with `result`, if there is none. */
const struct program *find_program(const struct house *house, const char *name, struct spawn_result *result);
/* Lets go of all that are open. */
void forget_programs(void);
bool programs_are_kept(void);

/* ---- guest.c */

struct guest {
  pid_t pid;
  int pidfd;
  int in, out, err; /* the runner's ends of the guest's pipes, non-blocking */
};

enum { MOST_STRINGS = 4096 /* argv and env together */ };

/* What a guest shares with the runner until it is executed. A slot has one, used over and over. */
struct birth;
struct birth *new_birth(void);
/* Where argv and env are put, each ended by NULL, and the text that they point to: as much as a frame can hold. */
char **strings_of(struct birth *birth);
unsigned char *text_of(struct birth *birth);
/* True until it is executed, or has failed. */
bool is_unborn(const struct birth *birth);
/* Why the guest, which has ended, was never executed. */
struct spawn_result failure_of(const struct birth *birth);

/* Limits that are the same for every guest, on this process: they are inherited. */
void set_common_limits(void);
/*
 * Starts `name` confined, and does not wait until it is executed: whether it was is told by failure_of() when it has ended. Every
 * restriction is in force before the program's first instruction. What argv, env and their text are, `birth` has.
 */
struct spawn_result start_guest(const struct house *house, const struct limits *limits, const char *name, struct birth *birth,
                                struct guest *guest);

/* ---- watchdog.c */

/* Processor time of all threads of a process. */
uint64_t cpu_time_us(pid_t pid);
/* What is in use now. */
struct load {
  uint64_t resident_bytes;
  uint64_t cpu_ms;  /* of all its tasks, and of its children that were waited for */
  unsigned threads;
};
/* True if the processes below another can be found on this machine. */
bool families_can_be_seen(int processes);
/*
 * Measures process `pid`, with `family` also everything below it. `processes` is a descriptor of the host's /proc. False if it
 * has just ended. Memory that processes share counts once for each.
 */
bool measure(int processes, pid_t pid, bool family, struct load *load);


#endif
