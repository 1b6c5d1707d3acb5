/*
 * A guest that misbehaves in the way named by its first argument. Attempts print "NAME: blocked (why)" or "NAME: ESCAPED";
 * the tests look for the second word.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void attempt(const char *name, long result) {
  if (result < 0) printf("%s: blocked (%s)\n", name, strerror(errno));
  else printf("%s: ESCAPED\n", name);
  fflush(stdout);
}

static long try_open(const char *path, int flags) { return open(path, flags, 0644); }

/* Runs before main; and its result must be the same. */
static int constructor_result, constructor_errno;
__attribute__((constructor)) static void before_main(void) {
  constructor_result = open("/etc/passwd", O_RDONLY);
  constructor_errno = errno;
}

static void early(void) {
  errno = constructor_errno;
  attempt("constructor", constructor_result);
}

static void read_host(void) {
  static const char *const paths[] = {"/etc/passwd", "/etc/hostname", "/proc/self/status", "/proc/self/maps", "/proc/1/environ", "/proc/1/cmdline", "/sys/kernel", "/root", "/home",
                                      "/usr/bin/env", "/bin/sh", "../../../../etc/passwd", "/dev/mem", "/dev/kmsg", "/dev/tty", "/var/run", "/tmp", "/proc"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) attempt(paths[i], try_open(paths[i], O_RDONLY));
  struct {
    unsigned long long flags, mode, resolve;
  } how = {0};
  attempt("openat2", syscall(437, AT_FDCWD, "/etc/passwd", &how, sizeof how));
  attempt("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0));
}

static void write_host(const char *victim) {
  attempt("create in /", try_open("/freehold-escape", O_CREAT | O_WRONLY));
  attempt("create in /tmp", try_open("/tmp/freehold-escape", O_CREAT | O_WRONLY));
  attempt("create in the working directory", try_open("freehold-escape", O_CREAT | O_WRONLY));
  attempt("create in /dev/shm", try_open("/dev/shm/freehold-escape", O_CREAT | O_RDWR));
  attempt("unnamed file", try_open(".", O_TMPFILE | O_RDWR));
  attempt("memory file", syscall(SYS_memfd_create, "x", 0));
  attempt("mkdir", mkdir("/tmp/freehold-escape", 0755));
  attempt("symlink", symlink("/etc/passwd", "/tmp/freehold-escape"));
  attempt("unlink", unlink(victim));
  attempt("truncate", truncate(victim, 0));
  attempt("chmod", chmod(victim, 0777));
  attempt("rename", rename(victim, "/tmp/freehold-escape"));
  attempt("utimes", utimes(victim, NULL));
  attempt("open for writing", try_open(victim, O_WRONLY));
}

static void network(void) {
  static const int families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET, AF_VSOCK, AF_ALG};
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
    char name[32];
    snprintf(name, sizeof name, "socket family %d", families[i]);
    attempt(name, socket(families[i], SOCK_STREAM, 0));
    attempt(name, socket(families[i], SOCK_DGRAM, 0));
  }
  attempt("io_uring", syscall(425, 8, calloc(1, 256)));
  int pair[2];
  attempt("datagram socketpair", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
  attempt("packet socketpair", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
    struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0freehold-test"};
    attempt("send to an abstract address", sendto(pair[0], "x", 1, 0, (struct sockaddr *)&abstract, 3 + 13));
    attempt("connect", connect(pair[0], (struct sockaddr *)&abstract, 3 + 13));
    attempt("socket option", setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &(int){1 << 24}, sizeof(int)));
  }
}

static void signals(int count, char **pids) {
  for (int i = 0; i < count; i++) {
    pid_t pid = atoi(pids[i]);
    attempt("kill", kill(pid, 0));
    attempt("tgkill", syscall(SYS_tgkill, pid, pid, 0));
    attempt("tkill", syscall(SYS_tkill, pid, 0));
    attempt("queue a signal", syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, NULL));
    attempt("pidfd_open", syscall(434, pid, 0));
    attempt("limits of another", prlimit(pid, RLIMIT_CPU, NULL, &(struct rlimit){0, 0}));
    attempt("priority of another", setpriority(PRIO_PROCESS, pid, 5));
    attempt("processors of another", sched_setaffinity(pid, sizeof(cpu_set_t), &(cpu_set_t){{1}}));
    attempt("ptrace attach", ptrace(PTRACE_SEIZE, pid, NULL, NULL));
    char byte;
    struct iovec local = {&byte, 1}, remote = {(void *)&byte, 1};
    attempt("read memory of another", process_vm_readv(pid, &local, 1, &remote, 1, 0));
  }
  int pipes[2];
  if (pipe(pipes) == 0 && count > 0) attempt("signals through F_SETOWN", fcntl(pipes[0], F_SETOWN, atoi(pids[0])));
  attempt("ptrace me", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
  attempt("take back the death signal", prctl(PR_SET_PDEATHSIG, 0));
  attempt("list /proc", opendir("/proc") == NULL ? -1 : 0);
  for (pid_t pid = 1; pid < 32768; pid++)
    if (pid != getpid() && kill(pid, 0) == 0) attempt("scan", 0);
}

static void privileges(void) {
  static const long as_the_runner = CLONE_VM | CLONE_CHILD_CLEARTID | 0x1000 /* CLONE_PIDFD */ | SIGCHLD;
  static int word;
  attempt("setuid", setuid(0));
  attempt("setgid", setgid(0));
  attempt("user namespace", unshare(CLONE_NEWUSER));
  attempt("mount namespace", unshare(CLONE_NEWNS));
  attempt("clone into a user namespace", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  attempt("clone as the runner does", syscall(SYS_clone, as_the_runner | CLONE_NEWPID, 0, &word, 0, &word));
  attempt("clone as the runner does without namespaces", syscall(SYS_clone, as_the_runner, 0, &word, 0, &word));
  attempt("clone as posix_spawn does", syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));
  attempt("clone3", syscall(435, NULL, 0));
  attempt("mount", mount("none", "/", "tmpfs", 0, NULL));
  attempt("unmount", umount2("/", MNT_DETACH));
  attempt("chroot", chroot("/"));
  attempt("bpf", syscall(SYS_bpf, 0, NULL, 0));
  attempt("keyctl", syscall(SYS_keyctl, 0, 0, 0));
  attempt("perf events", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
  attempt("userfaultfd", syscall(SYS_userfaultfd, 0));
  attempt("type into the terminal", syscall(SYS_ioctl, 0, 0x5412, "x"));
  attempt("kernel module", syscall(SYS_init_module, NULL, 0, ""));
  attempt("become dumpable", prctl(PR_SET_DUMPABLE, 1));
}

/* A process group can reach beyond a pid namespace. Of others it is only asked whether it could: where it can, who tests must live. */
static void groups(void) {
  long joined = -1, reached = kill(-1, 0);
  for (pid_t group = 2; group < 32768; group++) {
    if (group == getpid()) continue;
    if (setpgid(0, group) == 0) joined = group;
    if (kill(-group, 0) == 0) reached = group;
  }
  errno = EPERM;
  attempt("join a group", joined);
  attempt("reach a group", reached);
  kill(0, SIGKILL); /* it is the only one in its own */
  attempt("leave its own group", setpgid(0, 0) == 0 && getpgid(0) != getpid() ? 0 : -1);
}

static void start_processes(void) {
  pid_t child = fork();
  if (child == 0) _exit(0);
  attempt("fork", child);
  attempt("vfork", syscall(
#ifdef SYS_vfork
                       SYS_vfork
#else
                       SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0
#endif
                       ));
  char *shell[] = {"/bin/sh", "-c", "echo ESCAPED", NULL};
  attempt("exec a shell", execv(shell[0], shell));
  attempt("exec by descriptor", syscall(SYS_execveat, 0, "", shell, NULL, AT_EMPTY_PATH));
}

static void fork_bomb(void) {
  for (;;) fork();
}

static void *sleep_for_ever(void *unused) {
  for (;;) pause();
  return unused;
}

static void thread_bomb(void) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 16384);
  for (;;) {
    pthread_t thread;
    if (pthread_create(&thread, &small, sleep_for_ever, NULL) != 0) usleep(1000);
  }
}

/* Ten gigabytes in pieces, each one written; `protect` hides them from the limit of writable memory. */
static void take_memory(int protect) {
  const size_t piece = 16 << 20;
  for (size_t total = 0; total < 10ul << 30; total += piece) {
    char *memory = mmap(NULL, piece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      attempt("memory", -1);
      return;
    }
    memset(memory, 1, piece);
    if (protect) mprotect(memory, piece, PROT_READ);
  }
  attempt("memory", 0);
}

static void uncounted_memory(void) {
  const size_t size = 1ul << 30;
  int zero = open("/dev/zero", O_RDWR);
  attempt("10 GB at once", mmap(NULL, 10ul << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
  attempt("shared", mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
  attempt("growing", mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0) == MAP_FAILED ? -1 : 0);
  attempt("/dev/zero", zero < 0 || mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0) == MAP_FAILED ? -1 : 0);
  int pipes[2];
  attempt("large pipe", pipe(pipes) < 0 ? -1 : fcntl(pipes[0], F_SETPIPE_SZ, 1 << 20));
}

static void flood(int descriptor) {
  static char bytes[65536];
  memset(bytes, 'x', sizeof bytes);
  for (;;)
    if (write(descriptor, bytes, sizeof bytes) < 0) _exit(3);
}

static void inherited(char **environment) {
  for (int descriptor = 3; descriptor < 4096; descriptor++)
    if (fcntl(descriptor, F_GETFD) >= 0) attempt("descriptor", descriptor);
  for (; *environment != NULL; environment++) printf("env %s\n", *environment);
  char directory[256];
  printf("cwd %s\n", getcwd(directory, sizeof directory) ? directory : "none");
}

/* The 32-bit way into the kernel has other numbers and would pass a filter that looks at numbers only. */
static void other_abi(void) {
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
  attempt("int 0x80", result);
#else
  abort();
#endif
}

static void echo(void) {
  static char bytes[65536];
  ssize_t length;
  while ((length = read(0, bytes, sizeof bytes)) > 0)
    for (ssize_t at = 0; at < length;) {
      ssize_t written = write(1, bytes + at, length - at);
      if (written < 0) _exit(1);
      at += written;
    }
}

int main(int count, char **arguments, char **environment) {
  const char *mode = count > 1 ? arguments[1] : "";
  if (strcmp(mode, "hello") == 0) puts("hello");
  else if (strcmp(mode, "early") == 0) early();
  else if (strcmp(mode, "read") == 0) read_host();
  else if (strcmp(mode, "write") == 0) write_host(arguments[2]);
  else if (strcmp(mode, "network") == 0) network();
  else if (strcmp(mode, "signals") == 0) signals(count - 2, arguments + 2);
  else if (strcmp(mode, "privileges") == 0) privileges();
  else if (strcmp(mode, "groups") == 0) groups();
  else if (strcmp(mode, "processes") == 0) start_processes();
  else if (strcmp(mode, "fork-bomb") == 0) fork_bomb();
  else if (strcmp(mode, "thread-bomb") == 0) thread_bomb();
  else if (strcmp(mode, "memory") == 0) take_memory(0);
  else if (strcmp(mode, "memory-read-only") == 0) take_memory(1);
  else if (strcmp(mode, "memory-uncounted") == 0) uncounted_memory();
  else if (strcmp(mode, "loop") == 0) for (;;) __asm__ volatile("");
  else if (strcmp(mode, "ignore") == 0) {
    for (int signal_number = 1; signal_number < 65; signal_number++) signal(signal_number, SIG_IGN);
    for (;;) pause();
  } else if (strcmp(mode, "sleep") == 0) sleep(100000);
  else if (strcmp(mode, "silent") == 0) {
    for (int descriptor = 0; descriptor < 3; descriptor++) close(descriptor);
    for (;;) pause();
  } else if (strcmp(mode, "flood") == 0) flood(1);
  else if (strcmp(mode, "flood-errors") == 0) flood(2);
  else if (strcmp(mode, "inherited") == 0) inherited(environment);
  else if (strcmp(mode, "other-abi") == 0) other_abi();
  else if (strcmp(mode, "crash") == 0) *(volatile int *)8 = 1;
  else if (strcmp(mode, "echo") == 0) echo();
  else if (strcmp(mode, "exit") == 0) return atoi(arguments[2]);
  else return 99;
  return 0;
}
