/* Landlock: what a process may do with files (and from version 4 with TCP, from 6 with signals). */
#include "sandbox.h"

#include <unistd.h>

enum { QUERY_VERSION = 1, RULE_PATH_BENEATH = 1 };

/* struct landlock_ruleset_attr; older kernels know only its beginning. */
struct ruleset {
  uint64_t files;   /* since version 1 */
  uint64_t network; /* since version 4: bind and connect TCP */
  uint64_t scoped;  /* since version 6: abstract unix sockets, signals */
};

int landlock_version(void) {
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, QUERY_VERSION);
  return version < 0 ? 0 : (int)version;
}

int landlock_forbid_all(int version) {
  struct ruleset all = {.files = (1u << 13) - 1}; /* execute ... make_sym */
  size_t size = sizeof all.files;
  if (version >= 2) all.files |= 1u << 13; /* refer: link and rename across folders */
  if (version >= 3) all.files |= 1u << 14; /* truncate */
  if (version >= 5) all.files |= 1u << 15; /* ioctl on devices */
  if (version >= 4) {
    all.network = 3;
    size += sizeof all.network;
  }
  if (version >= 6) {
    all.scoped = 3;
    size += sizeof all.scoped;
  }
  return syscall(SYS_landlock_create_ruleset, &all, size, 0);
}

bool landlock_permit(int ruleset, int target, unsigned access) {
  struct {
    uint64_t access;
    int32_t parent;
  } __attribute__((packed)) rule = {access, target};
  return syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) == 0;
}

long landlock_enter(int ruleset) { return kernel(SYS_landlock_restrict_self, ruleset, 0, 0, 0, 0); }
