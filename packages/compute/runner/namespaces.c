/* The namespaces a guest lives in and the file system it sees. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* From <linux/mount.h>, which clashes with <sys/mount.h> in some C libraries. */
#define TREE_CLONE 1u                  /* OPEN_TREE_CLONE */
#define TREE_RECURSIVE 0x8000u         /* AT_RECURSIVE */
#define MOVE_FROM_DESCRIPTOR 0x4u      /* MOVE_MOUNT_F_EMPTY_PATH */
#define ATTRIBUTE_READ_ONLY 0x1ull     /* MOUNT_ATTR_RDONLY */
#define ATTRIBUTE_NO_SETUID 0x2ull     /* MOUNT_ATTR_NOSUID */
#define ATTRIBUTE_NO_DEVICES 0x4ull    /* MOUNT_ATTR_NODEV */
#define ATTRIBUTE_NO_EXECUTE 0x8ull    /* MOUNT_ATTR_NOEXEC */

/*
 * Where the new root is put together before it becomes "/". /proc is a directory that exists on every system we run on; in our
 * own mount namespace its contents can be covered, and nothing after this point needs them.
 */
#define STAGING "/proc"

enum { MOST_VISIBLE = 64 };

const char *const harmless_devices[DEVICE_COUNT] = {"/dev/null", "/dev/urandom", "/dev/random"};

static bool write_file(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return false;
  bool written = write(file, text, strlen(text)) == (ssize_t)strlen(text);
  close(file);
  return written;
}

/* A detached copy of the mount tree at `path`: it stays reachable when the old file system has been covered. */
static int detach(const char *path, uint64_t attributes) {
  int tree = syscall(SYS_open_tree, AT_FDCWD, path, TREE_CLONE | TREE_RECURSIVE | O_CLOEXEC);
  if (tree < 0) return -1;
  struct {
    uint64_t set, clear, propagation, userns;
  } change = {.set = attributes};
  if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | TREE_RECURSIVE, &change, sizeof change) != 0) {
    close(tree);
    return -1;
  }
  return tree;
}

/* Makes the folders that lead to `path`. */
static void make_parents(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    mkdir(path, 0755);
    *slash = '/';
  }
}

/* Puts a detached tree at the same place in the new root. */
static bool attach(int tree, const char *path) {
  char target[PATH_MAX];
  struct stat status;
  if (snprintf(target, sizeof target, STAGING "%s", path) >= (int)sizeof target || fstat(tree, &status) != 0) return false;
  make_parents(target);
  if (S_ISDIR(status.st_mode)) {
    mkdir(target, 0755);
  } else {
    int file = open(target, O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0444);
    if (file >= 0) close(file);
  }
  return syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_FROM_DESCRIPTOR) == 0;
}

/* Host root is mapped to "nobody" inside, as every other user: no id inside means anything outside. */
static const char *enter_user_namespace(void) {
  char map[64];
  unsigned user = geteuid(), group = getegid();
  if (unshare(CLONE_NEWUSER) != 0) return "unshare user namespace";
  if (!write_file("/proc/self/setgroups", "deny")) return "write setgroups";
  snprintf(map, sizeof map, "65534 %u 1", user);
  if (!write_file("/proc/self/uid_map", map)) return "write uid_map";
  snprintf(map, sizeof map, "65534 %u 1", group);
  if (!write_file("/proc/self/gid_map", map)) return "write gid_map";
  return NULL;
}

const char *enter_namespaces(const struct view *view) {
  int device_trees[DEVICE_COUNT];
  struct {
    int tree;
    char real[PATH_MAX];
  } *views = calloc(MOST_VISIBLE, sizeof *views);
  const size_t count = view->count;
  int programs = -1;
  if (views == NULL || count > MOST_VISIBLE) return "too many visible paths";

  /* By way of the working directory, which comes along into the new namespace: no path to it is open to an ordinary user. */
  if (view->programs >= 0 && fchdir(view->programs) != 0) return "enter the programs directory";
  const char *failure = enter_user_namespace();
  if (failure != NULL) return failure;
  if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS) != 0) return "unshare namespaces";
  if (sethostname("sandbox", 7) != 0) return "sethostname";
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return "make mounts private";

  for (size_t i = 0; i < DEVICE_COUNT; i++) device_trees[i] = detach(harmless_devices[i], ATTRIBUTE_READ_ONLY | ATTRIBUTE_NO_SETUID | ATTRIBUTE_NO_EXECUTE);
  for (size_t i = 0; i < count; i++) {
    if (realpath(view->paths[i], views[i].real) == NULL) return "resolve visible path";
    views[i].tree = detach(views[i].real, ATTRIBUTE_READ_ONLY | ATTRIBUTE_NO_SETUID | ATTRIBUTE_NO_DEVICES);
    if (views[i].tree < 0) return "copy visible path";
  }

  if (view->programs >= 0) {
    programs = detach(".", ATTRIBUTE_READ_ONLY | ATTRIBUTE_NO_SETUID | ATTRIBUTE_NO_DEVICES | ATTRIBUTE_NO_EXECUTE);
    if (programs < 0) return "copy the programs directory";
  }

  if (mount("tmpfs", STAGING, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,nr_inodes=256,mode=755") != 0) return "mount the new root";
  for (size_t i = 0; i < DEVICE_COUNT; i++) {
    if (device_trees[i] < 0) continue; /* a system without it: the guest goes without it */
    if (!attach(device_trees[i], harmless_devices[i])) return "show device";
    close(device_trees[i]);
  }
  for (size_t i = 0; i < count; i++) {
    if (!attach(views[i].tree, views[i].real)) return "show visible path";
    close(views[i].tree);
    if (strcmp(view->paths[i], views[i].real) != 0) { /* such as /lib, a link to usr/lib */
      char link[PATH_MAX];
      if (snprintf(link, sizeof link, STAGING "%s", view->paths[i]) >= (int)sizeof link) return "show link";
      make_parents(link);
      if (symlink(views[i].real, link) != 0 && errno != EEXIST) return "show link";
    }
  }
  free(views);
  if (programs >= 0) {
    if (!attach(programs, SHOWN_PROGRAMS)) return "show the programs directory";
    close(programs);
  }

  if (chdir(STAGING) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) return "pivot_root";
  if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) return "detach the old root";
  if (mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0) return "make the new root read-only";
  return NULL;
}

bool namespaces_work(bool without_root, const struct view *view, char *why, size_t why_size) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) fail("pipe");
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    const char *failure = without_root && !leave_root() ? "leave root" : enter_namespaces(view);
    if (failure != NULL) dprintf(report[1], "%s: %s", failure, strerror(errno));
    _exit(failure == NULL ? 0 : 1);
  }
  close(report[1]);
  ssize_t length = read(report[0], why, why_size - 1);
  why[length > 0 ? length : 0] = '\0';
  close(report[0]);
  int status;
  if (waitpid(child, &status, 0) != child) fail("waitpid");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
