/* What the node's frames ask for. One that cannot be is answered by killing every guest and leaving: there is no other end to argue with. */
#include "slot.h"

#include <string.h>

/* Takes the next NUL-ended string of a frame. */
static char *next_string(unsigned char **at, unsigned char *end) {
  unsigned char *zero = memchr(*at, 0, end - *at);
  if (zero == NULL) violation("a string without an end");
  char *string = (char *)*at;
  *at = zero + 1;
  return string;
}

static void on_execute(struct slot *slot, unsigned char *payload, size_t length) {
  uint32_t counts[2]; /* of argv, of env */
  if (slot->running) violation("EXECUTE on a busy slot");
  if (length < sizeof slot->limits + sizeof counts) violation("short EXECUTE");
  memcpy(&slot->limits, payload, sizeof slot->limits);
  memcpy(counts, payload + sizeof slot->limits, sizeof counts);
  if (counts[0] == 0 || counts[0] > MOST_STRINGS || counts[1] > MOST_STRINGS - counts[0]) violation("impossible number of arguments");

  /* The strings stay where they are until the guest is executed, while the line is read on. */
  size_t text = length - sizeof slot->limits - sizeof counts;
  unsigned char *at = text_of(slot->birth), *end = at + text;
  memcpy(at, payload + sizeof slot->limits + sizeof counts, text);
  char **argv = strings_of(slot->birth), **envp = argv + counts[0] + 1;
  const char *name = next_string(&at, end);
  for (uint32_t i = 0; i < counts[0]; i++) argv[i] = next_string(&at, end);
  argv[counts[0]] = NULL;
  for (uint32_t i = 0; i < counts[1]; i++) envp[i] = next_string(&at, end);
  envp[counts[1]] = NULL;
  if (at != end) violation("bytes after the last string");
  start(slot, name);
}

static void on_stdin(struct slot *slot, const unsigned char *bytes, size_t length) {
  struct buffer *input = &slot->input;
  if (slot->input_ended) violation("STDIN after its end");
  if (input->size - used(input) < length) violation("more STDIN than there was credit for");
  if (input->size - input->end < length) make_room(input);
  memcpy(input->bytes + input->end, bytes, length);
  input->end += length;
  on_input(slot);
}

static void on_taken(struct slot *slot, const unsigned char *payload) {
  uint32_t bytes;
  memcpy(&bytes, payload, sizeof bytes);
  if (bytes > OUTPUT_WINDOW - slot->window) violation("more was taken than was sent");
  slot->window += bytes;
}

void on_frame(struct slot *slot, uint32_t type, unsigned char *payload, size_t length) {
  if (type == EXECUTE) {
    on_execute(slot, payload, length);
    return;
  }
  if (type < STDIN || type > TAKEN) violation("unknown frame");
  if (type != STDIN && length != (type == TAKEN ? sizeof(uint32_t) : 0)) violation("a frame of a wrong length");
  if (!slot->running) return; /* it was sent before our EXIT arrived */
  if (type == STDIN) on_stdin(slot, payload, length);
  if (type == KILL) kill_guest(slot, BY_KILL);
  if (type == TAKEN) on_taken(slot, payload);
  if (type == STDIN_END) {
    slot->input_ended = true;
    on_input(slot);
  }
}
