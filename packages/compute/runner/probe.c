/*
 * The guest with which the sandbox proves itself: it tries to get out, and tells what happened. No libc, so its very first
 * instructions are the first attempt. Built as a program of its own; it is never linked into the runner.
 *
 *   probe PID...   tries everything, one line per attempt: "name blocked ERRNO" or "name escaped VALUE".
 *                  The PIDs are processes outside that it must not reach.
 *   probe libraries PID...   the same where a guest sees the libraries and programs of the system
 *   probe hello    writes "hello"; probe loop never ends; probe flood writes without end
 */
#include <stddef.h>
#include <stdint.h>
#include <asm/unistd.h>

enum { CURRENT_DIRECTORY = -100, WRITE_AND_CREATE = 0101, DIRECTORY = 0200000, SIGCHLD = 17, CLONE_NEWUSER = 0x10000000 };

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n"
        "  mov $257, %eax\n" /* openat(AT_FDCWD, "/etc/passwd", O_RDONLY) */
        "  mov $-100, %rdi\n"
        "  lea passwd(%rip), %rsi\n"
        "  xor %edx, %edx\n"
        "  syscall\n"
        "  mov %rax, %rdi\n" /* its result and the start of argc, argv, envp */
        "  mov %rsp, %rsi\n"
        "  and $-16, %rsp\n"
        "  call start\n"
        "passwd: .asciz \"/etc/passwd\"\n");

static long call(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n"
        "  mov x8, #56\n"
        "  mov x0, #-100\n"
        "  adr x1, passwd\n"
        "  mov x2, #0\n"
        "  svc #0\n"
        "  mov x1, sp\n"
        "  bl start\n"
        "passwd: .asciz \"/etc/passwd\"\n"
        "  .balign 4\n");

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#endif

#define CALL0(n) call(n, 0, 0, 0, 0, 0, 0)
#define CALL1(n, a) call(n, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(n, a, b) call(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(n, a, b, c) call(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL5(n, a, b, c, d, e) call(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)

static void leave(int code) {
  for (;;) CALL1(__NR_exit_group, code);
}

static size_t length_of(const char *text) {
  size_t length = 0;
  while (text[length] != '\0') length++;
  return length;
}

static int same(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) a++, b++;
  return *a == *b;
}

static long number_in(const char *text) {
  long number = 0;
  for (; *text >= '0' && *text <= '9'; text++) number = number * 10 + (*text - '0');
  return number;
}

static void say(const char *text) { CALL3(__NR_write, 1, text, length_of(text)); }

static void say_number(long number) {
  char text[24];
  size_t at = sizeof text - 1;
  text[at] = '\0';
  do text[--at] = '0' + number % 10;
  while ((number /= 10) > 0);
  say(text + at);
}

/* Kernel convention: a negative result is an errno. */
static void tell(const char *name, long result) {
  say(name);
  say(result < 0 ? " blocked " : " escaped ");
  say_number(result < 0 ? -result : result);
  say("\n");
}

/* Tells an attempt that must fail in all its forms by the first form that did not. */
static void tell_all(const char *name, const long *results, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (results[i] >= 0) {
      tell(name, results[i]);
      return;
    }
  tell(name, results[0]);
}
#define TELL_ALL(name, ...) tell_all(name, (const long[]){__VA_ARGS__}, sizeof((const long[]){__VA_ARGS__}) / sizeof(long))

static long open_file(const char *path, int flags) { return call(__NR_openat, CURRENT_DIRECTORY, (long)path, flags, 0644, 0, 0); }

static void try_files(int libraries) {
  /* Where /usr is shown, the programs of neighbours are there, too, and must not be found. */
  const char *forbidden = libraries ? "/programs" : "/usr";
  TELL_ALL("read host files", open_file("/etc/passwd", 0), open_file("/proc/self/environ", 0), open_file("/proc/1/environ", 0),
           open_file("../../../../etc/hosts", 0), open_file("/root", DIRECTORY), open_file("/sys", DIRECTORY), open_file(forbidden, DIRECTORY));
  TELL_ALL("write files", open_file("freehold-escape", WRITE_AND_CREATE), open_file("/tmp/freehold-escape", WRITE_AND_CREATE),
           open_file("/dev/shm/freehold-escape", WRITE_AND_CREATE), CALL3(__NR_mkdirat, CURRENT_DIRECTORY, "freehold-escape", 0755),
           CALL2(__NR_memfd_create, "x", 0));
}

static void try_network(void) {
  TELL_ALL("open sockets", CALL3(__NR_socket, 2, 1, 0), CALL3(__NR_socket, 10, 2, 0), CALL3(__NR_socket, 1, 1, 0), CALL3(__NR_socket, 16, 3, 0),
           CALL2(__NR_io_uring_setup, 8, 0));
}

static void try_processes(char **pids, int libraries) {
  long self = CALL0(__NR_getpid);
  long child = CALL5(__NR_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) leave(0);
  tell("start processes", child);
  /* Not /proc/self/exe: an ordinary user's guest without namespaces can begin itself anew, under the same restrictions and limits. */
  if (libraries) tell("execute programs", CALL3(__NR_execve, "/programs/x", 0, 0)); /* those of the system it may: they are as confined */
  else TELL_ALL("execute programs", CALL3(__NR_execve, "/bin/sh", 0, 0), CALL3(__NR_execve, "/usr/bin/env", 0, 0));

  long reached = -3;
  for (; *pids != NULL; pids++) {
    long pid = number_in(*pids);
    if (pid <= 0 || pid == self) continue; /* in a pid namespace we may have the same number */
    if (CALL2(__NR_kill, pid, 0) >= 0 || CALL3(__NR_tgkill, pid, pid, 0) >= 0 || CALL2(__NR_tkill, pid, 0) >= 0) reached = pid;
    /* PTRACE_SEIZE, which does not stop the other: where the sandbox fails, the node must live to say so */
    if (CALL5(__NR_ptrace, 0x4206, pid, 0, 0, 0) >= 0 || CALL5(__NR_prlimit64, pid, 7, 0, 0, 0) >= 0) reached = pid;
  }
  for (long pid = 1; pid < 32768; pid++)
    if (pid != self && CALL2(__NR_kill, pid, 0) >= 0) reached = pid;
  tell("reach other processes", reached);
}

static void try_privileges(void) {
  TELL_ALL("gain privileges", CALL1(__NR_setuid, 0), CALL1(__NR_unshare, CLONE_NEWUSER), CALL5(__NR_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0),
           CALL5(__NR_mount, "none", "/", "tmpfs", 0, 0), CALL1(__NR_chroot, "/"), CALL3(__NR_bpf, 0, 0, 0));
}

static void try_inheritance(char **environment) {
  long open = -9;
  for (long descriptor = 3; descriptor < 1024; descriptor++)
    if (CALL2(__NR_fcntl, descriptor, 1) >= 0) open = descriptor;
  tell("inherit descriptors", open);
  tell("inherit environment", environment[0] == NULL ? -2 : 1);
}

/* 64 GiB, ten times over: no limit that is in force lets that pass. */
static void try_memory(void) { tell("take memory", call(__NR_mmap, 0, 64l << 30, 3, 0x22, -1, 0) < 0 ? -12 : 1); }

__attribute__((used, noreturn)) void start(long first, long *stack) {
  char **arguments = (char **)(stack + 1), **environment = arguments + stack[0] + 1;
  const char *mode = stack[0] > 1 ? arguments[1] : "";
  if (same(mode, "hello")) say("hello\n");
  else if (same(mode, "loop")) {
    for (;;) __asm__ volatile("");
  } else if (same(mode, "flood")) {
    for (;;) say("................................................................");
  } else {
    int libraries = same(mode, "libraries");
    tell("read by the first instruction", first);
    try_files(libraries);
    try_network();
    try_processes(arguments + 1 + libraries, libraries);
    try_privileges();
    try_inheritance(environment);
    try_memory();
  }
  leave(0);
  __builtin_unreachable();
}
