/* One guest and its pipes: what it writes goes to the node, what the node sent goes to it, and its end is told. */
#include "slot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- buffers */

struct buffer new_buffer(size_t size) {
  struct buffer buffer = {.bytes = malloc(size), .size = size}; /* pages are not used before they are written */
  if (buffer.bytes == NULL) fail("malloc");
  return buffer;
}

size_t used(const struct buffer *buffer) { return buffer->end - buffer->start; }

size_t make_room(struct buffer *buffer) {
  if (buffer->start > 0) memmove(buffer->bytes, buffer->bytes + buffer->start, used(buffer));
  buffer->end -= buffer->start;
  buffer->start = 0;
  return buffer->size - buffer->end;
}

/* ---- epoll */

void watch(struct slot *slot, int descriptor, enum source source, uint32_t what, int operation) {
  struct epoll_event event = {.events = what, .data.u64 = (uint64_t)(slot - slots) << 8 | source};
  if (epoll_ctl(events, operation, descriptor, &event) != 0) fail("epoll_ctl");
}

/* A pipe that is not to be read is taken out altogether: a closed one would wake us for ever. */
static void watch_if(bool wanted, bool *watching, struct slot *slot, int descriptor, enum source source, uint32_t what) {
  if (wanted == *watching) return;
  watch(slot, descriptor, source, what, wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL);
  *watching = wanted;
}

static void close_pipe(int *descriptor, bool *watching) {
  if (*descriptor < 0) return;
  close(*descriptor); /* no copy of it exists, so epoll forgets it too */
  *descriptor = -1;
  *watching = false;
}

/* ---- to the node */

static void put_header(unsigned char *at, uint32_t type, uint32_t length) {
  uint32_t header = length << 8 | type;
  memcpy(at, &header, HEADER);
}

/* There is always room: what is read from a guest leaves RESERVED bytes free, and at most one CREDIT and one EXIT wait. */
static void send_frame(struct slot *slot, uint32_t type, const void *bytes, uint32_t length) {
  struct buffer *sending = &slot->sending;
  if (sending->size - sending->end < HEADER + length && make_room(sending) < HEADER + length) fail("sending buffer");
  put_header(sending->bytes + sending->end, type, length);
  memcpy(sending->bytes + sending->end + HEADER, bytes, length);
  sending->end += HEADER + length;
}

static bool can_take_piece(const struct slot *slot) { return slot->sending.size - used(&slot->sending) >= HEADER + PIECE + RESERVED; }

/* Writes what waits, and decides from what is left which of the guest's pipes are read. */
void flush(struct slot *slot) {
  struct buffer *sending = &slot->sending;
  if (slot->credit > 0 && slot->running && sending->size - used(sending) >= RESERVED) {
    send_frame(slot, CREDIT, &slot->credit, sizeof slot->credit);
    slot->credit = 0;
  }
  while (used(sending) > 0) {
    ssize_t written = write(slot->socket, sending->bytes + sending->start, used(sending));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) leave(0); /* the node has gone */
    sending->start += written;
  }
  if (used(sending) == 0) sending->start = sending->end = 0;

  bool waiting = used(sending) > 0;
  if (waiting != slot->watching_socket_room) {
    watch(slot, slot->socket, SOCKET, EPOLLIN | (waiting ? EPOLLOUT : 0), EPOLL_CTL_MOD);
    slot->watching_socket_room = waiting;
  }
  bool room = can_take_piece(slot);
  if (slot->guest.out >= 0) watch_if(room, &slot->watching_out, slot, slot->guest.out, GUEST_OUT, EPOLLIN);
  if (slot->guest.err >= 0) watch_if(room, &slot->watching_err, slot, slot->guest.err, GUEST_ERR, EPOLLIN);
}

/* ---- the life of a guest */

void kill_guest(struct slot *slot, enum reason why) {
  if (!slot->running || slot->ended) return;
  if (slot->stopped == NOT_STOPPED) slot->stopped = why;
  syscall(SYS_pidfd_send_signal, slot->guest.pidfd, SIGKILL, NULL, 0);
}

void report(struct slot *slot, const struct exit_report *exit_report) {
  send_frame(slot, EXIT, exit_report, sizeof *exit_report);
  slot->running = false;
  slot->credit = 0;
  slot->input.start = slot->input.end = 0;
}

static uint64_t microseconds(struct timeval time) { return time.tv_sec * 1000000ull + time.tv_usec; }

/*
 * Until exec a guest shares the runner's memory, and the kernel counts that peak as the guest's own. So the figure is at least the
 * runner's, and says something about the guest only above it.
 */
static bool passed_memory(const struct slot *slot, uint64_t max_rss_bytes) {
  struct rusage own;
  getrusage(RUSAGE_SELF, &own);
  return max_rss_bytes > slot->limits.memory_bytes && slot->usage.ru_maxrss > own.ru_maxrss;
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
  close_pipe(&slot->guest.in, &slot->watching_in);
  close(slot->guest.pidfd);
  report(slot, &exit_report);
}

void on_output(struct slot *slot, uint32_t type) {
  int *pipe = type == STDOUT ? &slot->guest.out : &slot->guest.err;
  bool *watching = type == STDOUT ? &slot->watching_out : &slot->watching_err;
  uint64_t *left = type == STDOUT ? &slot->out_left : &slot->err_left;
  while (*pipe >= 0 && can_take_piece(slot)) {
    struct buffer *sending = &slot->sending;
    if (sending->size - sending->end < HEADER + PIECE + RESERVED) make_room(sending);
    unsigned char *frame = sending->bytes + sending->end;
    size_t most = *left < PIECE ? *left + 1 : PIECE; /* one byte more than it may, to see whether there is one */
    ssize_t length = read(*pipe, frame + HEADER, most);
    if (length < 0 && errno == EINTR) continue;
    /* With a guest all ends that it started (its pid namespace): once it has ended, an empty pipe stays empty. */
    if (length < 0 && errno == EAGAIN && !slot->ended) return;
    if (length <= 0) {
      close_pipe(pipe, watching);
      break;
    }
    bool too_much = (uint64_t)length > *left;
    if (too_much) length = *left;
    *left -= length;
    if (length > 0) {
      put_header(frame, type, length);
      sending->end += HEADER + length;
    }
    if (too_much) {
      if (slot->ended && slot->stopped == NOT_STOPPED) slot->stopped = BY_OUTPUT;
      kill_guest(slot, BY_OUTPUT);
      close_pipe(pipe, watching);
    }
  }
  finish(slot);
}

void on_end(struct slot *slot) {
  if (slot->ended || wait4(slot->guest.pid, &slot->status, WNOHANG, &slot->usage) != slot->guest.pid) return;
  slot->ended = true;
  slot->ended_us = now_us();
  watch(slot, slot->guest.pidfd, GUEST_END, 0, EPOLL_CTL_DEL);
  on_output(slot, STDOUT); /* what it wrote last; when there is no room for it, flush() sees to it later */
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
  if (slot->guest.in >= 0) watch_if(used(input) > 0, &slot->watching_in, slot, slot->guest.in, GUEST_IN, EPOLLOUT);
}

/* The guest waits for the answer, so a full buffer only costs the report. */
void on_refused(struct slot *slot) {
  struct refusal refusal;
  if (!next_refusal(refusals, &refusal) || !slot->running || !can_take_piece(slot)) return;
  unsigned char report[2 * sizeof(uint32_t) + 32];
  const uint32_t numbers[] = {refusal.error, refusal.number};
  size_t length = refusal.name == NULL ? 0 : strlen(refusal.name);
  memcpy(report, numbers, sizeof numbers);
  if (length > 0) memcpy(report + sizeof numbers, refusal.name, length);
  send_frame(slot, REFUSED, report, sizeof numbers + length);
}
