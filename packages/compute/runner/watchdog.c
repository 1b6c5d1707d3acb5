/* What a guest uses, read from the host's /proc, which no guest sees. */
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_FAMILY = 512, TEXT = 4096 };

/* The text of a small file below `directory`; -1 if it cannot be read. */
static ssize_t read_text(int directory, const char *path, char text[TEXT]) {
  int file = openat(directory, path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t length = read(file, text, TEXT - 1);
  close(file);
  if (length >= 0) text[length] = '\0';
  return length;
}

/* Adds what one process uses, from its stat file (proc(5)). */
static bool add_process(int processes, pid_t pid, struct load *load) {
  char text[TEXT], path[32];
  snprintf(path, sizeof path, "%d/stat", pid);
  if (read_text(processes, path, text) <= 0) return false;
  char *field = strrchr(text, ')'); /* field 2 is the program's name, which may hold anything */
  for (int i = 2; field != NULL && i < 14; i++) field = strchr(field + 1, ' ');
  if (field == NULL) return false;
  unsigned long user, system, pages;
  long children_user, children_system, threads;
  /* 14 utime, 15 stime, 16 cutime, 17 cstime, 18 priority, 19 nice, 20 num_threads, 21 itrealvalue, 22 starttime, 23 vsize, 24 rss */
  if (sscanf(field, " %lu %lu %ld %ld %*d %*d %ld %*d %*u %*u %lu", &user, &system, &children_user, &children_system, &threads, &pages) != 6)
    return false;
  load->cpu_ms += (user + system + children_user + children_system) * 1000 / sysconf(_SC_CLK_TCK);
  load->resident_bytes += pages * (uint64_t)sysconf(_SC_PAGESIZE);
  load->threads += threads;
  return true;
}

/* Appends the children of every thread of `pid`; a process that ends meanwhile has none. */
static size_t add_children(int processes, pid_t pid, pid_t family[MOST_FAMILY], size_t count) {
  char path[64], text[TEXT];
  snprintf(path, sizeof path, "%d/task", pid);
  int tasks = openat(processes, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *list = tasks < 0 ? NULL : fdopendir(tasks);
  if (list == NULL) {
    if (tasks >= 0) close(tasks);
    return count;
  }
  for (struct dirent *task; (task = readdir(list)) != NULL;) {
    if (task->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%.32s/children", task->d_name);
    if (read_text(dirfd(list), path, text) <= 0) continue;
    for (char *at = text, *end; count < MOST_FAMILY; at = end) {
      long child = strtol(at, &end, 10);
      if (end == at) break;
      family[count++] = child;
    }
  }
  closedir(list);
  return count;
}

bool families_can_be_seen(int processes) {
  char path[64], text[TEXT];
  snprintf(path, sizeof path, "%d/task/%d/children", getpid(), getpid());
  return read_text(processes, path, text) >= 0;
}

uint64_t cpu_time_us(pid_t pid) {
  struct timespec cpu;
  clockid_t clock = (~(clockid_t)pid << 3) | 2; /* of all its threads; see clock_getcpuclockid(3) */
  return clock_gettime(clock, &cpu) == 0 ? cpu.tv_sec * 1000000ull + cpu.tv_nsec / 1000 : 0;
}

bool measure(int processes, pid_t pid, bool family, struct load *load) {
  static pid_t members[MOST_FAMILY];
  *load = (struct load){0, 0, 0};
  if (!add_process(processes, pid, load)) return false;
  if (!family) return true;
  members[0] = pid;
  size_t count = 1;
  for (size_t i = 0; i < count; i++) {
    if (i > 0) add_process(processes, members[i], load);
    count = add_children(processes, members[i], members, count);
  }
  if (count == MOST_FAMILY) load->threads = MOST_FAMILY; /* more than can be counted is more than it may have */
  return true;
}
