/*
 * The files that are executed. One that is called again and again is opened, looked into and given its Landlock rules once: it is
 * kept while the file under its name is the same and unchanged.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_KEPT = 16, MOST_NAME = 256 };

struct kept {
  char name[MOST_NAME]; /* empty: nothing is kept here */
  struct stat status;
  struct program program;
};

static struct kept kept[MOST_KEPT];
static unsigned next; /* whose place is given away next */

static void forget(struct kept *entry) {
  if (entry->name[0] == '\0') return;
  close(entry->program.file);
  if (entry->program.ruleset >= 0) close(entry->program.ruleset);
  entry->name[0] = '\0';
}

void forget_programs(void) {
  for (int i = 0; i < MOST_KEPT; i++) forget(&kept[i]);
}

bool programs_are_kept(void) {
  for (int i = 0; i < MOST_KEPT; i++)
    if (kept[i].name[0] != '\0') return true;
  return false;
}

static bool is_same_time(struct timespec a, struct timespec b) { return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec; }

/* Any change of a file, also of its mode, changes its ctim. */
static bool is_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && is_same_time(a->st_ctim, b->st_ctim) &&
         is_same_time(a->st_mtim, b->st_mtim);
}

/* Files are executed and read, folders listed, too. */
static unsigned access_to(int target) {
  struct stat status;
  return MAY_EXECUTE | MAY_READ | (fstat(target, &status) == 0 && S_ISDIR(status.st_mode) ? MAY_LIST : 0);
}

/* The guest may execute and read its own file, what it is shown and, where it has a root of its own, use the devices. -1 on failure. */
static int rules_for(const struct house *house, int program) {
  int ruleset = landlock_forbid_all(house->landlock);
  if (ruleset < 0) return -1;
  bool permitted = landlock_permit(ruleset, program, MAY_EXECUTE | MAY_READ);
  if (permitted && house->namespaces) permitted = landlock_permit(ruleset, house->devices, MAY_READ | MAY_WRITE);
  for (int i = 0; i < MOST_SHOWN && permitted; i++)
    if (house->shown[i] >= 0) permitted = landlock_permit(ruleset, house->shown[i], access_to(house->shown[i]));
  if (permitted) return ruleset;
  close(ruleset);
  return -1;
}

/* By a bare name: no path leads out of the programs directory, and a link in it leads nowhere. */
static struct spawn_result open_program(const struct house *house, const char *name, struct program *program) {
  program->file = openat(house->programs, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (program->file < 0) return (struct spawn_result){STEP_OPEN, errno};
  program->executable = is_executable(program->file, !house->libraries);
  program->ruleset = -1; /* without Landlock there are namespaces, and the root of its own holds nothing (see serve.c) */
  if (house->landlock > 0 && (program->ruleset = rules_for(house, program->file)) < 0) {
    close(program->file);
    return (struct spawn_result){STEP_CONFINE, errno};
  }
  return (struct spawn_result){STEP_NONE, 0};
}

const struct program *find_program(const struct house *house, const char *name, struct spawn_result *result) {
  *result = (struct spawn_result){STEP_REQUEST, EINVAL};
  if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL || strlen(name) >= MOST_NAME) return NULL;

  struct kept *entry = NULL;
  for (int i = 0; i < MOST_KEPT && entry == NULL; i++)
    if (strcmp(kept[i].name, name) == 0) entry = &kept[i];
  struct stat status;
  if (fstatat(house->programs, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
    *result = (struct spawn_result){STEP_OPEN, errno};
    if (entry != NULL) forget(entry);
    return NULL;
  }
  if (entry != NULL && is_same(&status, &entry->status)) return &entry->program;

  if (entry == NULL) entry = &kept[next++ % MOST_KEPT];
  forget(entry);
  *result = open_program(house, name, &entry->program);
  if (result->step != STEP_NONE) return NULL;
  /* Between the two calls it may have become another file: then it is opened anew the next time. */
  entry->status = status;
  strcpy(entry->name, name);
  return &entry->program;
}
