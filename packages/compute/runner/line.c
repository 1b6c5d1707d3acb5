/* The line to the node: bytes that come are cut into frames, frames that go are written together, once for each round of the loop. */
#include "slot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct buffer received, sending;
static bool watching_room; /* the node takes less than we have for it */

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

static void watch_line(int operation) { watch(NULL, LINE, NODE, EPOLLIN | (watching_room ? EPOLLOUT : 0), operation); }

void open_line(void) {
  received = new_buffer(HEADER + MOST_FRAME);
  sending = new_buffer(SENDING_ROOM);
  if (fcntl(LINE, F_SETFL, O_NONBLOCK) != 0 || fcntl(LINE, F_SETFD, FD_CLOEXEC) != 0) fail("the line to the node");
  watch_line(EPOLL_CTL_ADD);
}

/* ---- from the node */

void on_node(void) {
  size_t room = make_room(&received);
  ssize_t length = read(LINE, received.bytes + received.end, room);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) leave(0); /* the node closed the line: it stops us, or it has gone */
  received.end += length;

  while (used(&received) >= HEADER) {
    uint32_t header[2];
    memcpy(header, received.bytes + received.start, HEADER);
    size_t size = header[0] >> 8;
    if (size > MOST_FRAME) violation("frame too long");
    if (header[1] >= slot_count) violation("no such slot");
    if (used(&received) < HEADER + size) break;
    unsigned char *payload = received.bytes + received.start + HEADER;
    received.start += HEADER + size;
    on_frame(&slots[header[1]], header[0] & 0xff, payload, size);
  }
}

/* ---- to the node */

static void put_header(unsigned char *at, const struct slot *slot, uint32_t type, uint32_t length) {
  uint32_t header[2] = {length << 8 | type, slot - slots};
  memcpy(at, header, HEADER);
}

/* There is always room: output leaves RESERVED bytes free, and of each slot at most one CREDIT and one EXIT wait. */
void send_frame(const struct slot *slot, uint32_t type, const void *bytes, uint32_t length) {
  if (sending.size - sending.end < HEADER + length && make_room(&sending) < HEADER + length) fail("sending buffer");
  put_header(sending.bytes + sending.end, slot, type, length);
  memcpy(sending.bytes + sending.end + HEADER, bytes, length);
  sending.end += HEADER + length;
}

enum { ROOM_FOR_PIECE = HEADER + PIECE + RESERVED };

bool has_room_for_piece(void) { return sending.size - used(&sending) >= ROOM_FOR_PIECE; }

unsigned char *room_for_piece(void) {
  if (sending.size - sending.end < ROOM_FOR_PIECE) make_room(&sending);
  return sending.bytes + sending.end + HEADER;
}

void send_piece(const struct slot *slot, uint32_t type, uint32_t length) {
  put_header(sending.bytes + sending.end, slot, type, length);
  sending.end += HEADER + length;
}

void flush(void) {
  while (used(&sending) > 0) {
    ssize_t written = write(LINE, sending.bytes + sending.start, used(&sending));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) leave(0); /* the node has gone */
    sending.start += written;
  }
  if (used(&sending) == 0) sending.start = sending.end = 0;
  bool waiting = used(&sending) > 0;
  if (waiting == watching_room) return;
  watching_room = waiting;
  watch_line(EPOLL_CTL_MOD);
}
