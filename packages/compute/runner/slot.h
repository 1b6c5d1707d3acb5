/*
 * What the parts of the pre-started runner share: the line to the node, and the slots, each of which runs one guest at a time.
 *
 * The line is one inherited socketpair. A frame on it is a little-endian u32 (length << 8 | type), the u32 number of a slot, then
 * `length` bytes.
 *
 *   node to runner   EXECUTE    struct limits, u32 argc, u32 envc, then NUL-ended strings: name, argv..., env...
 *                    STDIN      bytes for the guest; at most STDIN_WINDOW of them beyond what CREDIT gave back
 *                    STDIN_END  no more will come
 *                    KILL       stop now
 *                    TAKEN      u32: so many bytes of output were taken from us
 *   runner to node   STDOUT, STDERR   bytes of the guest; at most OUTPUT_WINDOW of them beyond what TAKEN gave back
 *                    CREDIT     u32: so many bytes of stdin were consumed
 *                    EXIT       struct exit_report: the slot is free again
 *                    REFUSED    with --explain: u32 errno, u32 number of a system call, and its name if it is refused by name
 */
#ifndef FREEHOLD_SLOT_H
#define FREEHOLD_SLOT_H

#include "sandbox.h"

enum { EXECUTE = 1, STDIN, STDIN_END, KILL, TAKEN };
enum { STDOUT = 2, STDERR, CREDIT, EXIT, REFUSED };

/* The numbers are part of the protocol (frames.ts). */
enum reason { NOT_STOPPED = 0, BY_EXIT = 0, BY_SIGNAL, BY_WALL, BY_CPU, BY_MEMORY, BY_OUTPUT, BY_KILL, BY_SPAWN };

struct exit_report {
  uint32_t reason, exit_code, signal, step, error, unused;
  uint64_t wall_us, cpu_us, max_rss_bytes;
};

enum {
  KIB = 1024,
  HEADER = 8,
  LINE = 3,                   /* the descriptor */
  MOST_SLOTS = 64,
  MOST_FRAME = 256 * KIB,     /* from the node */
  STDIN_WINDOW = 256 * KIB,
  OUTPUT_WINDOW = 256 * KIB,
  PIECE = 64 * KIB,           /* of output, per frame: what a pipe holds */
  SENDING_ROOM = 1024 * KIB,  /* when less than a piece of it is free, no guest's pipes are read: back-pressure */
  RESERVED = MOST_SLOTS * 128, /* of that, so that the CREDIT and EXIT of every slot always fit */
};

struct buffer {
  unsigned char *bytes;
  size_t start, end; /* what is in it */
  size_t size;
};

/* What an epoll event is about. */
enum source { NODE, GUEST_OUT, GUEST_ERR, GUEST_IN, GUEST_END, GUEST_REFUSED };

struct slot {
  struct birth *birth;   /* what its guest shares with us until it is executed */
  struct buffer input;
  uint32_t credit; /* consumed and not yet told */

  bool running;
  struct guest guest; /* its descriptors are -1 when closed */
  struct limits limits;
  uint64_t started_us, ended_us, out_left, err_left;
  uint32_t window; /* so many bytes of output may be sent */
  uint64_t seen_cpu_us; /* when the watchdog last looked at its memory */
  uint64_t peak_bytes, family_cpu_us; /* as the watchdog saw them, of a guest with processes of its own */
  enum reason stopped; /* why we killed it */
  bool input_ended, ended;
  int status;
  struct rusage usage;

  bool listening; /* its output is read as it comes */
  bool watching_out, watching_err, watching_in;
};

extern struct slot slots[MOST_SLOTS];
extern unsigned slot_count;
extern struct house house;
extern int events;    /* epoll */
extern int refusals;  /* tells of the calls that guests are refused, with --explain */
extern int processes; /* O_PATH descriptor of the host's /proc, for the watchdog; out of every guest's sight */

/* ---- loop.c */

uint64_t now_us(void);
/* Adds, changes or removes (EPOLL_CTL_*) what is told of a descriptor. */
void watch(struct slot *slot, int descriptor, enum source source, uint32_t what, int operation);
/* Leaves; guests would die with us, but are killed first so that none outlives the exit code. */
__attribute__((noreturn)) void leave(int code);
/* The same when the node sent what cannot be. */
__attribute__((noreturn)) void violation(const char *what);
__attribute__((noreturn)) void loop(void);

/* ---- line.c */

struct buffer new_buffer(size_t size);
size_t used(const struct buffer *buffer);
/* Moves what is in it to the front, so that all free room is behind it. Returns how much there is. */
size_t make_room(struct buffer *buffer);

void open_line(void);
/* The node wrote, or there is room again for what it is sent. */
void on_node(void);
void send_frame(const struct slot *slot, uint32_t type, const void *bytes, uint32_t length);
bool has_room_for_piece(void);
/* Where up to a PIECE of output can be put, to be sent with send_piece(). */
unsigned char *room_for_piece(void);
void send_piece(const struct slot *slot, uint32_t type, uint32_t length);
/* Writes what waits for the node. */
void flush(void);

/* ---- frames.c */

void on_frame(struct slot *slot, uint32_t type, unsigned char *payload, size_t length);

/* ---- slot.c */

void open_slots(void);
/* Starts what EXECUTE asked for: its limits and strings are in place. */
void start(struct slot *slot, const char *name);
void kill_guest(struct slot *slot, enum reason why);
/* Decides which of the guest's pipes are read, from what is taken of us. */
void attend(struct slot *slot);
/* The guest wrote (STDOUT, STDERR), can be written to, ended, or was refused a system call. */
void on_output(struct slot *slot, uint32_t type);
void on_input(struct slot *slot);
void on_end(struct slot *slot);
void on_refused(struct slot *slot);

#endif
