/*
 * A slot: an inherited socketpair on which the node has one guest at a time run, and that guest.
 *
 * A frame is a little-endian u32 (length << 8 | type), then `length` bytes.
 *
 *   node to runner   EXECUTE    struct limits, u32 argc, u32 envc, then NUL-ended strings: name, argv..., env...
 *                    STDIN      bytes for the guest; at most STDIN_WINDOW of them beyond what CREDIT gave back
 *                    STDIN_END  no more will come
 *                    KILL       stop now
 *   runner to node   STDOUT, STDERR   bytes of the guest
 *                    CREDIT     u32: so many bytes of stdin were consumed
 *                    EXIT       struct exit_report: the slot is free again
 *                    REFUSED    with --explain: u32 errno, u32 number of a system call, and its name if it is refused by name
 */
#ifndef FREEHOLD_SLOT_H
#define FREEHOLD_SLOT_H

#include "sandbox.h"

enum { EXECUTE = 1, STDIN, STDIN_END, KILL };
enum { STDOUT = 2, STDERR, CREDIT, EXIT, REFUSED };

/* The numbers are part of the protocol (frames.ts). */
enum reason { NOT_STOPPED = 0, BY_EXIT = 0, BY_SIGNAL, BY_WALL, BY_CPU, BY_MEMORY, BY_OUTPUT, BY_KILL, BY_SPAWN };

struct exit_report {
  uint32_t reason, exit_code, signal, step, error, unused;
  uint64_t wall_us, cpu_us, max_rss_bytes;
};

enum {
  KIB = 1024,
  HEADER = 4,
  FIRST_SLOT = 3,
  MOST_SLOTS = 64,
  MOST_STRINGS = 4096,        /* argv and env together */
  MOST_FRAME = 256 * KIB,     /* from the node */
  STDIN_WINDOW = 256 * KIB,
  PIECE = 64 * KIB,           /* of output, per frame: what a pipe holds */
  SENDING_ROOM = 512 * KIB,   /* when less than a piece of it is free, the guest's pipes are not read: back-pressure */
  RESERVED = 256,             /* of that, so that CREDIT and EXIT always fit */
  TICK_MS = 10,
};

struct buffer {
  unsigned char *bytes;
  size_t start, end; /* what is in it */
  size_t size;
};

/* What an epoll event is about. */
enum source { SOCKET, GUEST_OUT, GUEST_ERR, GUEST_IN, GUEST_END, GUEST_REFUSED };

struct slot {
  int socket;
  struct buffer received, sending, input;
  uint32_t credit; /* consumed and not yet told */

  bool running;
  struct guest guest; /* its descriptors are -1 when closed */
  struct limits limits;
  uint64_t started_us, ended_us, out_left, err_left;
  uint64_t peak_bytes, family_cpu_us; /* as the watchdog saw them, of a guest with processes of its own */
  enum reason stopped; /* why we killed it */
  bool input_ended, ended;
  int status;
  struct rusage usage;

  bool watching_socket_room, watching_out, watching_err, watching_in;
};

extern struct slot slots[MOST_SLOTS];
extern unsigned slot_count;
extern struct house house;
extern int events;   /* epoll */
extern int refusals; /* tells of the calls that guests are refused, with --explain */

/* ---- serve.c */

uint64_t now_us(void);
/* Leaves; guests would die with us, but are killed first so that none outlives the exit code. */
__attribute__((noreturn)) void leave(int code);
/* The same when the node sent what cannot be. */
__attribute__((noreturn)) void violation(const char *what);

/* ---- slot.c */

struct buffer new_buffer(size_t size);
size_t used(const struct buffer *buffer);
/* Moves what is in it to the front, so that all free room is behind it. Returns how much there is. */
size_t make_room(struct buffer *buffer);

/* Adds, changes or removes (EPOLL_CTL_*) what is told of a descriptor. */
void watch(struct slot *slot, int descriptor, enum source source, uint32_t what, int operation);
void kill_guest(struct slot *slot, enum reason why);
/* Tells the node how it ended; the slot is free again. */
void report(struct slot *slot, const struct exit_report *exit_report);
/* Writes what waits for the node, and decides from what is left which of the guest's pipes are read. */
void flush(struct slot *slot);
/* The guest wrote (STDOUT, STDERR), can be written to, ended, or was refused a system call. */
void on_output(struct slot *slot, uint32_t type);
void on_input(struct slot *slot);
void on_end(struct slot *slot);
void on_refused(struct slot *slot);

/* ---- frames.c */

/* The node wrote. */
void on_socket(struct slot *slot);

#endif
