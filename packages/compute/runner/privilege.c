/* Root and capabilities, given away. */
#include "sandbox.h"

#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static bool become(uid_t user) { return setresgid(user, user, user) == 0 && setresuid(user, user, user) == 0; }

bool leave_root(void) {
  if (setgroups(0, NULL) != 0) return false;
  if (!become(SANDBOX_USER) && !become(FALLBACK_USER)) return false;
  /* A change of user makes the process undumpable, and then /proc/self/uid_map cannot be written (namespaces.c). */
  prctl(PR_SET_DUMPABLE, 1);
  return true;
}

void keep_capability(int keep) {
  for (int capability = 0; capability <= 63; capability++)
    if (capability != keep) prctl(PR_CAPBSET_DROP, capability);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct sets[2] = {{0}, {0}};
  if (keep >= 0) {
    unsigned bit = 1u << (keep % 32);
    sets[keep / 32].effective = bit;
    sets[keep / 32].permitted = bit;
  }
  if (syscall(SYS_capset, &header, sets) != 0) fail("give up capabilities");
}

bool enter_empty_root(void) {
  static const char *const places[] = {"/tmp", "/var/tmp", "/dev/shm"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    char path[64];
    snprintf(path, sizeof path, "%s/freehold-empty-XXXXXX", places[i]);
    if (mkdtemp(path) == NULL) continue;
    bool entered = chdir(path) == 0;
    /* In a directory that was removed nothing can be found and nothing can be created. */
    rmdir(path);
    if (entered && chroot(".") == 0 && chdir("/") == 0) return true;
    break;
  }
  if (chdir("/") != 0) fail("chdir /");
  return false;
}

void die_with_parent(void) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail("PR_SET_PDEATHSIG");
}
