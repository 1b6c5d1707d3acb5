/*
 * The system calls that exist for a guest: an allow list; whatever is not named here answers "no such call" (ENOSYS).
 *
 * The filter is a straight list of comparisons so that it can be read from top to bottom. That costs nothing at run time: the
 * kernel (5.11) remembers per filter which calls are allowed regardless of their arguments and does not run it for those.
 * The runner installs it once, on itself; guests inherit it. So the list also holds the few calls only the runner needs.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- which calls */

struct call {
  int number;
  const char *name;
};
#define CALL(name) {SYS_##name, #name}

static const int allowed[] = {
    /* input and output on what is open */
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_close, SYS_close_range,
    SYS_lseek, SYS_dup, SYS_dup3, SYS_pipe2, SYS_sendfile, SYS_copy_file_range, SYS_fadvise64,
    /* looking at files: what there is to see is decided by the mount namespace and Landlock */
    SYS_openat, SYS_faccessat, SYS_faccessat2, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_readlinkat, SYS_getdents64, SYS_getcwd,
    SYS_chdir, SYS_fchdir, SYS_statfs, SYS_fstatfs, SYS_umask,
    /* memory; mmap is below */
    SYS_munmap, SYS_mprotect, SYS_brk, SYS_mremap, SYS_madvise, SYS_mincore, SYS_membarrier,
    /* threads and time; clone is below */
    SYS_exit, SYS_exit_group, SYS_futex, SYS_set_tid_address, SYS_set_robust_list, SYS_get_robust_list, SYS_rseq, SYS_sched_yield,
    SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler, SYS_getcpu, SYS_nanosleep, SYS_clock_nanosleep,
    SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday, SYS_times, SYS_getrusage, SYS_timer_create, SYS_timer_settime,
    SYS_timer_gettime, SYS_timer_getoverrun, SYS_timer_delete, SYS_setitimer, SYS_getitimer, SYS_restart_syscall,
    /* signals: whom they reach is decided by the pid namespace, or by confine_to_self() */
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_rt_sigsuspend, SYS_rt_sigpending, SYS_sigaltstack,
    SYS_kill, SYS_tkill, SYS_tgkill,
    /* waiting */
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_ppoll, SYS_pselect6, SYS_eventfd2, SYS_timerfd_create,
    SYS_timerfd_settime, SYS_timerfd_gettime,
    /* the two ends of a socketpair, the only sockets that can exist here */
    SYS_recvfrom, SYS_recvmsg, SYS_sendmsg, SYS_shutdown, SYS_getsockopt, SYS_getsockname, SYS_getpeername,
    /* who and where am I */
    SYS_getpid, SYS_gettid, SYS_getppid, SYS_getpgid, SYS_getsid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getresuid,
    SYS_getresgid, SYS_getgroups, SYS_capget, SYS_uname, SYS_sysinfo, SYS_getrandom,
    /* starting a guest and waiting for it; for the guest itself there is nothing else to execute and no child to wait for */
    SYS_execve, SYS_execveat, SYS_wait4, SYS_waitid, SYS_setsid, SYS_setpgid, SYS_pidfd_send_signal, SYS_landlock_create_ruleset,
    SYS_landlock_add_rule, SYS_landlock_restrict_self,
#ifdef __x86_64__ /* the older forms of the above */
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_getdents, SYS_dup2, SYS_pipe, SYS_epoll_create, SYS_epoll_wait,
    SYS_poll, SYS_select, SYS_eventfd, SYS_arch_prctl, SYS_time, SYS_alarm, SYS_pause, SYS_getrlimit, SYS_getpgrp,
#endif
};

/* Everything that changes a file system. Landlock does not know all of it (modes, times), and programs understand EROFS. */
static const struct call read_only[] = {
    CALL(mkdirat), CALL(unlinkat), CALL(linkat), CALL(symlinkat), CALL(mknodat), CALL(renameat2), CALL(truncate), CALL(ftruncate), CALL(fallocate),
    CALL(fchmod), CALL(fchmodat), CALL(fchown), CALL(fchownat), CALL(utimensat), CALL(setxattr), CALL(lsetxattr), CALL(fsetxattr), CALL(removexattr),
    CALL(lremovexattr), CALL(fremovexattr), CALL(fsync), CALL(fdatasync),
#ifdef __x86_64__
    CALL(mkdir), CALL(rmdir), CALL(unlink), CALL(link), CALL(symlink), CALL(mknod), CALL(rename), CALL(renameat), CALL(creat), CALL(chmod), CALL(chown),
    CALL(lchown), CALL(utime), CALL(utimes), CALL(futimesat),
#endif
};

/* Refused with the answer an unprivileged program expects; the rest of the unknown answers ENOSYS. */
static const struct call forbidden[] = {
    CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev), CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(unshare), CALL(setns),
    CALL(setuid), CALL(setgid), CALL(setgroups), CALL(setresuid), CALL(setresgid), CALL(setreuid), CALL(setregid), CALL(setfsuid), CALL(setfsgid),
    CALL(capset), CALL(bpf), CALL(perf_event_open), CALL(keyctl), CALL(add_key), CALL(request_key), CALL(init_module), CALL(finit_module),
    CALL(delete_module), CALL(reboot), CALL(setpriority), CALL(sched_setscheduler), CALL(sched_setaffinity), CALL(mlock), CALL(mlockall), CALL(connect),
    CALL(bind), CALL(listen), CALL(accept), CALL(accept4), CALL(setsockopt),
#ifdef __x86_64__
    CALL(fork), CALL(vfork),
#endif
};

/* ---- the filter as a growing list of instructions */

/* Of the runner's own filter, and of the one that is added for a guest, which is put together on that task's stack. */
enum { MOST_INSTRUCTIONS = 1024, MOST_ADDED = 64 };
struct filter_program {
  struct sock_filter *code;
  unsigned short length, most;
  bool explained, too_long;
};

static void add(struct filter_program *p, struct sock_filter instruction) {
  if (p->length < p->most) p->code[p->length++] = instruction;
  else p->too_long = true;
}

static void statement(struct filter_program *p, uint16_t code, uint32_t k) { add(p, (struct sock_filter)BPF_STMT(code, k)); }

static void jump(struct filter_program *p, uint16_t test, uint32_t k, uint8_t if_true, uint8_t if_false) {
  add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, k, if_true, if_false));
}

static void load(struct filter_program *p, size_t offset) { statement(p, BPF_LD | BPF_W | BPF_ABS, offset); }
/* The low half of an argument: all that counts where the kernel takes an int or flags of 32 bits. */
static void load_argument(struct filter_program *p, int index) { load(p, offsetof(struct seccomp_data, args) + 8 * index); }
static void load_argument_high(struct filter_program *p, int index) { load(p, offsetof(struct seccomp_data, args) + 8 * index + 4); }
static void allow(struct filter_program *p) { statement(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW); }
/* Refuses. A program that is being explained waits until the runner was told, which then gives the same error (refusal_of). */
static void answer(struct filter_program *p, int error) {
  statement(p, BPF_RET | BPF_K, p->explained ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ERRNO | error);
}

/*
 * A rule begins with "is it this call? else skip the rule". Inside a rule the accumulator holds an argument, so a rule always ends
 * in an answer. `size` is the number of instructions that follow.
 */
static void rule(struct filter_program *p, int call, uint8_t size) { jump(p, BPF_JEQ, call, 0, size); }

static void allow_call(struct filter_program *p, int call) {
  rule(p, call, 1);
  allow(p);
}

static void answer_call(struct filter_program *p, int call, int error) {
  rule(p, call, 1);
  answer(p, error);
}

/* Allows `call` if its argument is one of the values. */
static void allow_values(struct filter_program *p, int call, int argument, const uint32_t *values, uint8_t count, int otherwise) {
  rule(p, call, count + 3);
  load_argument(p, argument);
  for (uint8_t i = 0; i < count; i++) jump(p, BPF_JEQ, values[i], count - i, 0); /* over the rest and the answer */
  answer(p, otherwise);
  allow(p);
}

/* Allows `call` if the argument's bits under the mask equal `wanted`. */
static void allow_bits(struct filter_program *p, int call, int argument, uint32_t mask, uint32_t wanted, int otherwise) {
  rule(p, call, 5);
  load_argument(p, argument);
  statement(p, BPF_ALU | BPF_AND | BPF_K, mask);
  jump(p, BPF_JEQ, wanted, 1, 0);
  answer(p, otherwise);
  allow(p);
}

/* ---- rules that look at arguments */

/* A thread, or exactly what start_guest() asks for (see GUEST_CLONE_FLAGS); a process where that is wanted. Never a new namespace. */
static void allow_tasks(struct filter_program *p, uint32_t guest_flags, bool processes) {
  const uint32_t thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
  const uint32_t namespaces = CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS;
  rule(p, SYS_clone, 6);
  load_argument(p, 0);
  jump(p, BPF_JEQ, guest_flags, 3, 0);
  statement(p, BPF_ALU | BPF_AND | BPF_K, processes ? namespaces : thread | namespaces);
  jump(p, BPF_JEQ, processes ? 0 : thread, 1, 0);
  answer(p, EPERM);
  allow(p);
}

/* Shared anonymous memory and stacks that grow are counted by no memory limit. */
static void allow_counted_memory(struct filter_program *p) {
  rule(p, SYS_mmap, 6);
  load_argument(p, 3);
  jump(p, BPF_JSET, MAP_GROWSDOWN, 3, 0);
  statement(p, BPF_ALU | BPF_AND | BPF_K, MAP_SHARED | MAP_ANONYMOUS);
  jump(p, BPF_JEQ, MAP_SHARED | MAP_ANONYMOUS, 1, 0);
  allow(p);
  answer(p, ENOMEM);
}

/* Names of threads and harmless questions. PR_SET_PDEATHSIG is for the runner; a guest may not take it back. */
static void allow_prctl(struct filter_program *p) {
  static const uint32_t options[] = {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS};
  const uint8_t count = COUNT(options);
  rule(p, SYS_prctl, count + 6);
  load_argument(p, 0);
  jump(p, BPF_JEQ, PR_SET_PDEATHSIG, 0, 2);
  load_argument(p, 1);
  jump(p, BPF_JEQ, SIGKILL, count + 1, count);
  for (uint8_t i = 0; i < count; i++) jump(p, BPF_JEQ, options[i], count - i, 0);
  answer(p, EINVAL);
  allow(p);
}

/* Streams between processes of one machine: what there is to connect to is decided by the mount namespace. */
static void allow_local_streams(struct filter_program *p) {
  rule(p, SYS_socket, 7);
  load_argument(p, 0);
  jump(p, BPF_JEQ, AF_UNIX, 0, 3);
  load_argument(p, 1);
  statement(p, BPF_ALU | BPF_AND | BPF_K, 0xff);
  jump(p, BPF_JEQ, SOCK_STREAM, 1, 0);
  answer(p, EAFNOSUPPORT);
  allow(p);
}

/* On a connected stream an address is useless, on anything else it would be a way out. */
static void allow_send_without_address(struct filter_program *p) {
  rule(p, SYS_sendto, 6);
  load_argument(p, 4);
  jump(p, BPF_JEQ, 0, 0, 2);
  load_argument_high(p, 4);
  jump(p, BPF_JEQ, 0, 1, 0);
  answer(p, EISCONN);
  allow(p);
}

/* ---- installing */

/* A negative errno, 0, or for a program that is explained the descriptor that tells of its refused calls. */
static long install(const struct filter_program *p) {
  if (p->too_long) return -E2BIG;
  struct sock_fprog filter = {.len = p->length, .filter = p->code};
  return kernel(SYS_seccomp, SECCOMP_SET_MODE_FILTER, p->explained ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0, (long)&filter, 0, 0);
}

/* What install_filter() answers to a call that it does not allow. */
static int refusal_of(int number, const char **name) {
  static const struct {
    struct call call;
    int error;
  } by_argument[] = {{CALL(clone), EPERM},     {CALL(mmap), ENOMEM},     {CALL(fcntl), EINVAL},
                     {CALL(ioctl), ENOTTY},    {CALL(prctl), EINVAL},    {CALL(prlimit64), EPERM},
                     {CALL(sendto), EISCONN},  {CALL(socket), EAFNOSUPPORT}, {CALL(socketpair), EAFNOSUPPORT},
                     {{SYS_clone3, "clone3"}, ENOSYS}, {{SYS_memfd_create, "memfd_create"}, ENOSYS}, {{437, "openat2"}, ENOSYS},
                     {{425, "io_uring_setup"}, ENOSYS}};
  *name = NULL;
  for (size_t i = 0; i < COUNT(by_argument); i++)
    if (by_argument[i].call.number == number) return *name = by_argument[i].call.name, by_argument[i].error;
  for (size_t i = 0; i < COUNT(read_only); i++)
    if (read_only[i].number == number) return *name = read_only[i].name, EROFS;
  for (size_t i = 0; i < COUNT(forbidden); i++)
    if (forbidden[i].number == number) return *name = forbidden[i].name, EPERM;
  return ENOSYS;
}

bool next_refusal(int listener, struct refusal *refusal) {
  struct seccomp_notif asked;
  memset(&asked, 0, sizeof asked);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return false; /* it was killed meanwhile */
  refusal->number = asked.data.nr;
  refusal->error = refusal_of(asked.data.nr, &refusal->name);
  struct seccomp_notif_resp answered = {.id = asked.id, .error = -refusal->error};
  return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answered) == 0;
}

int install_filter(const struct filter *wanted) {
  static struct sock_filter code[MOST_INSTRUCTIONS];
  struct filter_program p = {.code = code, .most = MOST_INSTRUCTIONS, .explained = wanted->explained};

  /* The 32-bit and x32 ways into the kernel have other numbers: the first is killed, the second does not exist. */
  load(&p, offsetof(struct seccomp_data, arch));
  jump(&p, BPF_JEQ, ARCHITECTURE, 1, 0);
  statement(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  load(&p, offsetof(struct seccomp_data, nr));
  jump(&p, BPF_JGE, 0x40000000, 0, 1);
  answer(&p, ENOSYS);

  allow_counted_memory(&p);
  allow_tasks(&p, GUEST_CLONE_FLAGS | (wanted->namespaces ? CLONE_NEWPID : 0), wanted->permitted & MAY_START_PROCESSES);
#ifdef __x86_64__
  if (wanted->permitted & MAY_START_PROCESSES) {
    allow_call(&p, SYS_fork);
    allow_call(&p, SYS_vfork);
  }
#endif
  /* Not: locks, which talk to neighbours; F_SETOWN, which sends signals; F_SETPIPE_SZ, which takes kernel memory. */
  static const uint32_t descriptor_commands[] = {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, 1032 /* F_GETPIPE_SZ */};
  allow_values(&p, SYS_fcntl, 1, descriptor_commands, COUNT(descriptor_commands), EINVAL);
  static const uint32_t device_commands[] = {TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND};
  /* The last two are for the runner of a program that is explained: a guest has no descriptor that understands them. */
  allow_values(&p, SYS_ioctl, 1, device_commands, COUNT(device_commands) - (wanted->explained ? 0 : 2), ENOTTY);
  allow_prctl(&p);
  /* Limits of oneself only: without a pid namespace the runner has the same user as its guests. */
  static const uint32_t myself[] = {0};
  allow_values(&p, SYS_prlimit64, 0, myself, COUNT(myself), EPERM);
  if (wanted->permitted & MAY_CONNECT) {
    allow_local_streams(&p);
    allow_call(&p, SYS_connect);
  } else {
    answer_call(&p, SYS_socket, EAFNOSUPPORT);
  }
  allow_bits(&p, SYS_socketpair, 1, 0xff, SOCK_STREAM, EAFNOSUPPORT);
  allow_send_without_address(&p);
  if (wanted->more_filters) allow_call(&p, SYS_seccomp);

  for (size_t i = 0; i < COUNT(allowed); i++) allow_call(&p, allowed[i]);
  for (size_t i = 0; i < COUNT(read_only); i++) answer_call(&p, read_only[i].number, EROFS);
  for (size_t i = 0; i < COUNT(forbidden); i++) answer_call(&p, forbidden[i].number, EPERM);
  answer(&p, ENOSYS); /* among them clone3: C libraries then use clone, whose flags can be read */

  long installed = install(&p);
  if (installed < 0) refuse("the kernel does not accept a system call filter (CONFIG_SECCOMP_FILTER)");
  return wanted->explained ? installed : -1;
}

/* The two below run in a task that shares the runner's memory: see guest.c. */

long take_permissions(uint32_t taken) {
  /* As confine_to_self(), for a program in a pid namespace of its own: its signals reach nobody else. */
  struct sock_filter code[MOST_ADDED];
  struct filter_program p = {.code = code, .most = MOST_ADDED};
  load(&p, offsetof(struct seccomp_data, nr));
  if (taken & MAY_START_PROCESSES) {
    allow_bits(&p, SYS_clone, 0, CLONE_THREAD, CLONE_THREAD, EPERM);
#ifdef __x86_64__
    answer_call(&p, SYS_fork, EPERM);
    answer_call(&p, SYS_vfork, EPERM);
#endif
  }
  if (taken & MAY_CONNECT) {
    answer_call(&p, SYS_socket, EAFNOSUPPORT);
    answer_call(&p, SYS_connect, EPERM);
  }
  answer_call(&p, SYS_seccomp, ENOSYS);
  allow(&p);
  return install(&p);
}

long confine_to_self(pid_t self, bool scoped) {
  struct sock_filter code[MOST_ADDED];
  struct filter_program p = {.code = code, .most = MOST_ADDED};
  const uint32_t me[] = {self};
  load(&p, offsetof(struct seccomp_data, nr));
  allow_bits(&p, SYS_clone, 0, CLONE_THREAD, CLONE_THREAD, EPERM);
  allow_values(&p, SYS_kill, 0, me, COUNT(me), EPERM);
  allow_values(&p, SYS_tgkill, 0, me, COUNT(me), EPERM);
  /* musl signals its threads by thread id, which this filter cannot know; Landlock can tell them from strangers' threads. */
  if (!scoped) allow_values(&p, SYS_tkill, 0, me, COUNT(me), EPERM);
  answer_call(&p, SYS_pidfd_send_signal, EPERM);
  answer_call(&p, SYS_seccomp, ENOSYS);
  allow(&p);
  return install(&p);
}
