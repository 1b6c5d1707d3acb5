/* One guest and its pipes: what it writes goes to the node, what the node sent goes to it, and its end is told. */
#include "slot.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

void open_slots(void) {
  for (unsigned i = 0; i < slot_count; i++) {
    slots[i].guest = (struct guest){0, -1, -1, -1, -1};
    slots[i].input = new_buffer(STDIN_WINDOW);
    slots[i].birth = new_birth();
  }
}

/* ---- pipes */

/* A pipe that is not to be read is taken out altogether: a closed one would wake us for ever. */
static void watch_if(bool wanted, bool *watching, struct slot *slot, int descriptor, enum source source, uint32_t what) {
  if (descriptor < 0 || wanted == *watching) return;
  watch(slot, descriptor, source, what, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL);
  *watching = wanted;
}

/* A task that is not yet executed holds copies of all that was open when it began, for which epoll would go on to tell of it. */
static void close_pipe(int *descriptor, bool *watching) {
  if (*descriptor < 0) return;
  if (*watching) watch(NULL, *descriptor, NODE, 0, EPOLL_CTL_DEL);
  close(*descriptor);
  *descriptor = -1;
  *watching = false;
}

static bool may_send(const struct slot *slot) { return slot->window > 0 && has_room_for_piece(); }

void attend(struct slot *slot) {
  if (slot->credit > 0) {
    send_frame(slot, CREDIT, &slot->credit, sizeof slot->credit);
    slot->credit = 0;
  }
  if (!slot->listening) return;
  bool wanted = may_send(slot);
  watch_if(wanted, &slot->watching_out, slot, slot->guest.out, GUEST_OUT, EPOLLIN);
  watch_if(wanted, &slot->watching_err, slot, slot->guest.err, GUEST_ERR, EPOLLIN);
}

/* ---- the life of a guest */

/* Tells the node how it ended; the slot is free again. */
static void report(struct slot *slot, const struct exit_report *exit_report) {
  send_frame(slot, EXIT, exit_report, sizeof *exit_report);
  slot->running = false;
  slot->input.start = slot->input.end = 0;
}

void start(struct slot *slot, const char *name) {
  slot->started_us = now_us();
  slot->running = true;
  slot->ended = slot->listening = false;
  slot->input_ended = slot->limits.no_input != 0;
  slot->stopped = NOT_STOPPED;
  slot->credit = 0;
  slot->peak_bytes = slot->family_cpu_us = slot->seen_cpu_us = 0;
  slot->out_left = slot->limits.output_bytes;
  slot->err_left = slot->limits.error_bytes;
  slot->window = OUTPUT_WINDOW;
  slot->guest = (struct guest){0, -1, -1, -1, -1};
  struct spawn_result result = start_guest(&house, &slot->limits, name, slot->birth, &slot->guest);
  if (result.step == STEP_NONE) {
    watch(slot, slot->guest.pidfd, GUEST_END, EPOLLIN, EPOLL_CTL_ADD);
    return;
  }
  struct exit_report exit_report = {.reason = BY_SPAWN, .step = result.step, .error = result.error};
  report(slot, &exit_report);
}

void kill_guest(struct slot *slot, enum reason why) {
  if (!slot->running || slot->ended) return;
  if (slot->stopped == NOT_STOPPED) slot->stopped = why;
  syscall(SYS_pidfd_send_signal, slot->guest.pidfd, SIGKILL, NULL, 0);
}

static uint64_t microseconds(struct timeval time) { return time.tv_sec * 1000000ull + time.tv_usec; }

/*
 * Until exec a guest shares the runner's memory, and the kernel counts that peak as the guest's own. So the figure is at least the
 * runner's, and says something about the guest only above it.
 */
static bool passed_memory(const struct slot *slot, uint64_t max_rss_bytes) {
  if (max_rss_bytes <= slot->limits.memory_bytes) return false;
  struct rusage own;
  getrusage(RUSAGE_SELF, &own);
  return slot->usage.ru_maxrss > own.ru_maxrss;
}

static enum reason reason_of(const struct slot *slot, uint64_t max_rss_bytes) {
  if (slot->stopped != NOT_STOPPED) return slot->stopped;
  if (passed_memory(slot, max_rss_bytes)) return BY_MEMORY; /* it met the hard limit before the watchdog came round */
  if (!WIFSIGNALED(slot->status)) return BY_EXIT;
  return WTERMSIG(slot->status) == SIGXCPU ? BY_CPU : BY_SIGNAL;
}

/* When it has ended and all it wrote was read. */
static void finish(struct slot *slot) {
  if (!slot->ended || slot->guest.out >= 0 || slot->guest.err >= 0) return;
  close_pipe(&slot->guest.in, &slot->watching_in);
  struct spawn_result failure = failure_of(slot->birth);
  if (failure.step != STEP_NONE) {
    struct exit_report exit_report = {.reason = BY_SPAWN, .step = failure.step, .error = failure.error};
    report(slot, &exit_report);
    return;
  }
  uint64_t max_rss_bytes = slot->usage.ru_maxrss * 1024ull;
  uint64_t cpu_us = microseconds(slot->usage.ru_utime) + microseconds(slot->usage.ru_stime);
  if (slot->peak_bytes > max_rss_bytes) max_rss_bytes = slot->peak_bytes;
  if (slot->family_cpu_us > cpu_us) cpu_us = slot->family_cpu_us;
  struct exit_report exit_report = {
      .reason = reason_of(slot, max_rss_bytes),
      .exit_code = WIFEXITED(slot->status) ? WEXITSTATUS(slot->status) : 0,
      .signal = WIFSIGNALED(slot->status) ? WTERMSIG(slot->status) : 0,
      .wall_us = slot->ended_us - slot->started_us,
      .cpu_us = cpu_us,
      .max_rss_bytes = max_rss_bytes,
  };
  report(slot, &exit_report);
}

void on_output(struct slot *slot, uint32_t type) {
  int *pipe = type == STDOUT ? &slot->guest.out : &slot->guest.err;
  bool *watching = type == STDOUT ? &slot->watching_out : &slot->watching_err;
  uint64_t *left = type == STDOUT ? &slot->out_left : &slot->err_left;
  while (*pipe >= 0 && may_send(slot)) {
    size_t most = *left < PIECE ? *left + 1 : PIECE; /* one byte more than it may, to see whether there is one */
    if (most > slot->window) most = slot->window;
    ssize_t length = read(*pipe, room_for_piece(), most);
    if (length < 0 && errno == EINTR) continue;
    /* With a guest all ends that it started (its pid namespace): once it has ended, an empty pipe stays empty. */
    if (length < 0 && errno == EAGAIN && !slot->ended) return;
    if (length <= 0) {
      close_pipe(pipe, watching);
      break;
    }
    bool is_last = slot->ended && (size_t)length < most;
    bool too_much = (uint64_t)length > *left;
    if (too_much) length = *left;
    *left -= length;
    slot->window -= length;
    if (length > 0) send_piece(slot, type, length);
    if (too_much) {
      if (slot->ended && slot->stopped == NOT_STOPPED) slot->stopped = BY_OUTPUT;
      kill_guest(slot, BY_OUTPUT);
    }
    if (too_much || is_last) close_pipe(pipe, watching);
  }
  finish(slot);
}

void on_end(struct slot *slot) {
  if (slot->ended || wait4(slot->guest.pid, &slot->status, WNOHANG, &slot->usage) != slot->guest.pid) return;
  slot->ended = slot->listening = true;
  slot->ended_us = now_us();
  watch(slot, slot->guest.pidfd, GUEST_END, 0, EPOLL_CTL_DEL);
  close(slot->guest.pidfd);
  on_output(slot, STDOUT); /* what it wrote last; when there is no room for it, attend() sees to it later */
  if (slot->running) on_output(slot, STDERR);
}

void on_input(struct slot *slot) {
  struct buffer *input = &slot->input;
  while (slot->guest.in >= 0 && used(input) > 0) {
    ssize_t written = write(slot->guest.in, input->bytes + input->start, used(input));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) { /* the guest closed its end: whatever else comes is discarded */
      close_pipe(&slot->guest.in, &slot->watching_in);
      break;
    }
    input->start += written;
    slot->credit += written;
  }
  if (slot->guest.in < 0) {
    slot->credit += used(input);
    input->start = input->end;
  }
  if (used(input) == 0) {
    input->start = input->end = 0;
    if (slot->input_ended) close_pipe(&slot->guest.in, &slot->watching_in);
  }
  watch_if(used(input) > 0, &slot->watching_in, slot, slot->guest.in, GUEST_IN, EPOLLOUT);
}

/* The guest waits for the answer, so a full buffer only costs the report. */
void on_refused(struct slot *slot) {
  struct refusal refusal;
  if (!next_refusal(refusals, &refusal) || !slot->running || !has_room_for_piece()) return;
  unsigned char report[2 * sizeof(uint32_t) + 32];
  const uint32_t numbers[] = {refusal.error, refusal.number};
  size_t length = refusal.name == NULL ? 0 : strlen(refusal.name);
  memcpy(report, numbers, sizeof numbers);
  if (length > 0) memcpy(report + sizeof numbers, refusal.name, length);
  send_frame(slot, REFUSED, report, sizeof numbers + length);
}
