/* What the node sends. A frame that cannot be is answered by killing every guest and leaving: there is no other end to argue with. */
#include "slot.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Takes the next NUL-ended string of a frame. */
static char *next_string(unsigned char **at, unsigned char *end) {
  unsigned char *zero = memchr(*at, 0, end - *at);
  if (zero == NULL) violation("a string without an end");
  char *string = (char *)*at;
  *at = zero + 1;
  return string;
}

static void on_execute(struct slot *slot, unsigned char *payload, size_t length) {
  static char *strings[MOST_STRINGS + 2];
  uint32_t counts[2]; /* of argv, of env */
  if (slot->running) violation("EXECUTE on a busy slot");
  if (length < sizeof slot->limits + sizeof counts) violation("short EXECUTE");
  memcpy(&slot->limits, payload, sizeof slot->limits);
  memcpy(counts, payload + sizeof slot->limits, sizeof counts);
  if (counts[0] == 0 || counts[0] > MOST_STRINGS || counts[1] > MOST_STRINGS - counts[0]) violation("impossible number of arguments");

  unsigned char *at = payload + sizeof slot->limits + sizeof counts, *end = payload + length;
  const char *name = next_string(&at, end);
  char **argv = strings, **envp = strings + counts[0] + 1;
  for (uint32_t i = 0; i < counts[0]; i++) argv[i] = next_string(&at, end);
  argv[counts[0]] = NULL;
  for (uint32_t i = 0; i < counts[1]; i++) envp[i] = next_string(&at, end);
  envp[counts[1]] = NULL;
  if (at != end) violation("bytes after the last string");

  slot->started_us = now_us();
  slot->running = true;
  slot->ended = slot->input_ended = false;
  slot->stopped = NOT_STOPPED;
  slot->peak_bytes = slot->family_cpu_us = 0;
  slot->out_left = slot->limits.output_bytes;
  slot->err_left = slot->limits.error_bytes;
  slot->guest = (struct guest){0, -1, -1, -1, -1};
  struct spawn_result result = start_guest(&house, &slot->limits, name, argv, envp, &slot->guest);
  if (result.step != STEP_NONE) {
    struct exit_report exit_report = {.reason = BY_SPAWN, .step = result.step, .error = result.error};
    report(slot, &exit_report);
    return;
  }
  watch(slot, slot->guest.pidfd, GUEST_END, EPOLLIN, EPOLL_CTL_ADD);
  /* flush() begins to watch the pipes */
}

static void on_stdin(struct slot *slot, const unsigned char *bytes, size_t length) {
  struct buffer *input = &slot->input;
  if (slot->input_ended) violation("STDIN after STDIN_END");
  if (input->size - used(input) < length) violation("more STDIN than there was credit for");
  if (input->size - input->end < length) make_room(input);
  memcpy(input->bytes + input->end, bytes, length);
  input->end += length;
  on_input(slot);
}

static void on_frame(struct slot *slot, uint32_t type, unsigned char *payload, size_t length) {
  if (type == EXECUTE) {
    on_execute(slot, payload, length);
    return;
  }
  if (type != STDIN && type != STDIN_END && type != KILL) violation("unknown frame");
  if (type != STDIN && length != 0) violation("a frame that should be empty");
  if (!slot->running) return; /* it was sent before our EXIT arrived */
  if (type == STDIN) on_stdin(slot, payload, length);
  if (type == KILL) kill_guest(slot, BY_KILL);
  if (type == STDIN_END) {
    slot->input_ended = true;
    on_input(slot);
  }
}

void on_socket(struct slot *slot) {
  struct buffer *received = &slot->received;
  size_t room = make_room(received);
  ssize_t length = read(slot->socket, received->bytes + received->end, room);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) leave(0); /* the node closed a slot: it stops us, or it has gone */
  received->end += length;

  while (used(received) >= HEADER) {
    uint32_t header;
    memcpy(&header, received->bytes + received->start, HEADER);
    size_t size = header >> 8;
    if (size > MOST_FRAME) violation("frame too long");
    if (used(received) < HEADER + size) break;
    unsigned char *payload = received->bytes + received->start + HEADER;
    received->start += HEADER + size;
    on_frame(slot, header & 0xff, payload, size);
  }
}
