/*
 * The native sandbox of Freehold: what the source files share.
 *
 *   main.c         chooses the mode from the command line
 *   serve.c        the pre-started runner: its start, its confinement and the event loop
 *   frames.c       what the node sends
 *   slot.c         one guest and its pipes, and what the node is told of it (slot.h: also the protocol)
 *   watchdog.c     what a guest, and all it started, uses
 *   guest.c        one guest: from a file in the programs directory to its first instruction
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
/* Applies the rules to this process, for ever. Needs no_new_privs. */
bool landlock_enter(int ruleset);

/* ---- filter.c */

/*
 * The flags of clone(2) with which the runner starts a guest, and no program may. In a namespace they include CLONE_NEWPID,
 * which needs a capability that guests lose at exec; without namespaces the second filter below refuses them.
 */
enum { GUEST_CLONE_FLAGS = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD };

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
/* No further filter is accepted, and what is `taken` of the permissions that a roomy filter leaves is refused. Returns 0 or -1 with errno. */
int take_permissions(uint32_t taken);
/*
 * For a program that has no pid namespace of its own: signals reach only process `self`, new tasks are threads of it, and no
 * further filter is accepted. Returns 0 or -1 with errno. `scoped`: Landlock already keeps signals inside (version 6).
 */
int confine_to_self(pid_t self, bool scoped);

/* ---- elf.c */

/* True if `file` is an executable of this architecture, and static if it must be; else errno is ENOEXEC. */
bool is_executable(int file, bool must_be_static);
/* Copies the path of the dynamic loader that `file` asks for; false if it asks for none. */
bool interpreter_of(int file, char *path, size_t size);

/* ---- guest.c */

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
  int devices[DEVICE_COUNT]; /* O_PATH descriptors of the devices in the guest's root, or -1 */
  rlim_t most_tasks; /* threads of all guests together; RLIM_INFINITY where guests share a person's user id */
};

struct guest {
  pid_t pid;
  int pidfd;
  int in, out, err; /* the runner's ends of the guest's pipes, non-blocking */
};

struct spawn_result {
  enum spawn_step step;
  int error; /* errno of a failed step */
};

/* ---- watchdog.c */

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

/* Starts `name` confined. On success every restriction was in force before the program's first instruction. */
struct spawn_result start_guest(const struct house *house, const struct limits *limits, const char *name, char **argv, char **envp,
                                struct guest *guest);

#endif
