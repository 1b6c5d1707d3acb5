/*
 * deny NAME... -- PROGRAM ARGUMENT...   runs PROGRAM on a poorer machine: the named system calls are refused.
 * `mount` is what AppArmor does on Ubuntu (unshare succeeds), `unshare` a container, `landlock` an old kernel.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct sock_filter code[32];
static unsigned short length;

static void refuse(int call, int error) {
  code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
  code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
}

int main(int count, char **arguments) {
  int at = 1;
  code[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (; at < count && strcmp(arguments[at], "--") != 0; at++) {
    if (strcmp(arguments[at], "mount") == 0) refuse(SYS_mount, EACCES);
    if (strcmp(arguments[at], "unshare") == 0) refuse(SYS_unshare, EPERM);
    if (strcmp(arguments[at], "landlock") == 0) refuse(444 /* landlock_create_ruleset */, ENOSYS);
    if (strcmp(arguments[at], "seccomp") == 0) refuse(SYS_seccomp, ENOSYS);
  }
  code[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog filter = {length, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) return 1;
  execv(arguments[at + 1], arguments + at + 1);
  perror("deny");
  return 1;
}
