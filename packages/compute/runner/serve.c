/*
 * The pre-started runner: one process that waits for work on K inherited socketpairs ("slots", descriptors 3 to 3+K-1). A slot runs
 * one guest at a time. There is no listening socket and no path, so there is nobody to authenticate: who holds the other end is
 * the node. All buffers have a fixed size; a frame that cannot be is answered by killing every guest and leaving.
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
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

static struct house house = {.programs = -1, .devices = {-1, -1, -1}, .interpreters = {-1, -1, -1, -1}};
static struct slot slots[MOST_SLOTS];
static unsigned slot_count = 16;
static int events = -1;      /* epoll */
static int refusals = -1;    /* tells of the calls that guests are refused, with --explain */
static int processes = -1;   /* O_PATH descriptor of the host's /proc, for the watchdog; out of every guest's sight */

static uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

/* ---- ending */

static void kill_guest(struct slot *slot, enum reason why) {
  if (!slot->running || slot->ended) return;
  if (slot->stopped == NOT_STOPPED) slot->stopped = why;
  syscall(SYS_pidfd_send_signal, slot->guest.pidfd, SIGKILL, NULL, 0);
}

/* Leaves; guests would die with us, but are killed first so that none outlives the exit code. */
__attribute__((noreturn)) static void leave(int code) {
  for (unsigned i = 0; i < slot_count; i++) kill_guest(&slots[i], BY_KILL);
  _exit(code);
}

__attribute__((noreturn)) static void violation(const char *what) {
  fprintf(stderr, "runner: protocol violation: %s\n", what);
  leave(EXIT_PROTOCOL);
}

/* ---- buffers */

static struct buffer new_buffer(size_t size) {
  struct buffer buffer = {.bytes = malloc(size), .size = size}; /* pages are not used before they are written */
  if (buffer.bytes == NULL) fail("malloc");
  return buffer;
}

static size_t used(const struct buffer *buffer) { return buffer->end - buffer->start; }

/* Moves what is in it to the front, so that all free room is behind it. */
static size_t make_room(struct buffer *buffer) {
  if (buffer->start > 0) memmove(buffer->bytes, buffer->bytes + buffer->start, used(buffer));
  buffer->end -= buffer->start;
  buffer->start = 0;
  return buffer->size - buffer->end;
}

/* ---- epoll */

static void watch(struct slot *slot, int descriptor, enum source source, uint32_t what, int operation) {
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
static void flush(struct slot *slot) {
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

static void report(struct slot *slot, const struct exit_report *exit_report) {
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

static void on_output(struct slot *slot, uint32_t type) {
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

static void on_end(struct slot *slot) {
  if (slot->ended || wait4(slot->guest.pid, &slot->status, WNOHANG, &slot->usage) != slot->guest.pid) return;
  slot->ended = true;
  slot->ended_us = now_us();
  watch(slot, slot->guest.pidfd, GUEST_END, 0, EPOLL_CTL_DEL);
  on_output(slot, STDOUT); /* what it wrote last; when there is no room for it, flush() sees to it later */
  if (slot->running) on_output(slot, STDERR);
}

static void on_input(struct slot *slot) {
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

/* ---- from the node */

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

static void on_socket(struct slot *slot) {
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

/* ---- watchdogs */

static void inspect(struct slot *slot, uint64_t now) {
  if (now - slot->started_us > slot->limits.wall_ms * 1000) kill_guest(slot, BY_WALL);

  struct load load;
  bool family = slot->limits.flags & MAY_START_PROCESSES;
  if (!measure(processes, slot->guest.pid, family, &load)) return;
  if (load.cpu_ms >= slot->limits.cpu_ms) kill_guest(slot, BY_CPU);
  if (load.resident_bytes > slot->limits.memory_bytes || load.threads > MOST_THREADS) kill_guest(slot, BY_MEMORY);
  if (family && load.resident_bytes > slot->peak_bytes) slot->peak_bytes = load.resident_bytes;
  if (family) slot->family_cpu_us = load.cpu_ms * 1000;
}

/* ---- the loop */

/* The guest waits for the answer, so a full buffer only costs the report. */
static void on_refused(struct slot *slot) {
  struct refusal refusal;
  if (!next_refusal(refusals, &refusal) || !slot->running || !can_take_piece(slot)) return;
  unsigned char report[2 * sizeof(uint32_t) + 32];
  const uint32_t numbers[] = {refusal.error, refusal.number};
  size_t length = refusal.name == NULL ? 0 : strlen(refusal.name);
  memcpy(report, numbers, sizeof numbers);
  if (length > 0) memcpy(report + sizeof numbers, refusal.name, length);
  send_frame(slot, REFUSED, report, sizeof numbers + length);
}

static void on_event(struct slot *slot, enum source source) {
  if (source == SOCKET) on_socket(slot);
  else if (source == GUEST_REFUSED) on_refused(slot);
  else if (!slot->running) return; /* it ended earlier in the same batch */
  else if (source == GUEST_OUT) on_output(slot, STDOUT);
  else if (source == GUEST_ERR) on_output(slot, STDERR);
  else if (source == GUEST_IN) on_input(slot);
  else on_end(slot);
  flush(slot);
}

__attribute__((noreturn)) static void loop(void) {
  uint64_t looked = now_us();
  for (;;) {
    struct epoll_event ready[64];
    bool busy = false;
    for (unsigned i = 0; i < slot_count; i++) busy |= slots[i].running;
    int count = epoll_wait(events, ready, 64, busy ? TICK_MS : -1);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    for (int i = 0; i < count; i++) on_event(&slots[ready[i].data.u64 >> 8], ready[i].data.u64 & 0xff);

    uint64_t now = now_us();
    if (now - looked < TICK_MS * 1000) continue;
    looked = now;
    for (unsigned i = 0; i < slot_count; i++)
      if (slots[i].running && !slots[i].ended) inspect(&slots[i], now);
  }
}

/* ---- start */

static void open_slots(void) {
  events = epoll_create1(EPOLL_CLOEXEC);
  if (events < 0) fail("epoll_create1");
  for (unsigned i = 0; i < slot_count; i++) {
    struct slot *slot = &slots[i];
    slot->socket = FIRST_SLOT + i;
    slot->guest = (struct guest){0, -1, -1, -1, -1};
    slot->received = new_buffer(HEADER + MOST_FRAME);
    slot->sending = new_buffer(SENDING_ROOM);
    slot->input = new_buffer(STDIN_WINDOW);
    if (fcntl(slot->socket, F_SETFL, O_NONBLOCK) != 0 || fcntl(slot->socket, F_SETFD, FD_CLOEXEC) != 0) fail("slot descriptor");
    watch(slot, slot->socket, SOCKET, EPOLLIN, EPOLL_CTL_ADD);
  }
}

/* What the command line asks for. */
struct wishes {
  const char *programs;
  const char *shown[MOST_SHOWN], *interpreters[MOST_INTERPRETERS];
  size_t shown_count, interpreter_count;
  bool namespaces, landlock, explain;
};

/* From here on the runner itself has little left to lose: an unprivileged user in empty namespaces, or behind Landlock. */
static void confine_runner(const struct wishes *wishes, char *why, size_t why_size) {
  bool root = geteuid() == 0;
  struct view view = {wishes->shown, wishes->shown_count, house.libraries ? house.programs : -1};
  house.namespaces = wishes->namespaces && namespaces_work(root, &view, why, why_size);
  /* The one hides the host, the other keeps a guest to its own program among all that are shown. */
  if (house.libraries && !(house.namespaces && house.landlock > 0))
    refuse("programs with libraries, scripts and processes of their own need both user namespaces and Landlock");
  if (house.processes && !families_can_be_seen(processes)) refuse("this kernel does not tell the children of a process (CONFIG_PROC_CHILDREN)");
  if (!house.namespaces && house.landlock == 0) refuse("neither user namespaces nor Landlock are available here");

  bool own_user = house.namespaces || root;
  house.most_tasks = own_user ? (rlim_t)MOST_THREADS * (slot_count + 1) : RLIM_INFINITY;
  if (!house.namespaces) { /* hides what Landlock does not: that a file exists, its size and times */
    if (root) enter_empty_root();
    else if (chdir("/") != 0) fail("chdir /");
  }
  if (root && !leave_root()) refuse("started as root and cannot become another user; start the node as an ordinary user");
  if (house.namespaces) {
    const char *failure = enter_namespaces(&view);
    if (failure != NULL) fail(failure);
    for (int i = 0; i < DEVICE_COUNT; i++) house.devices[i] = open(harmless_devices[i], O_PATH | O_CLOEXEC);
    for (size_t i = 0; i < wishes->shown_count; i++) house.shown[i] = open(wishes->shown[i], O_PATH | O_CLOEXEC);
    for (size_t i = 0; i < wishes->interpreter_count; i++) house.interpreters[i] = open(wishes->interpreters[i], O_RDONLY | O_CLOEXEC);
  }
  keep_capability(house.namespaces ? CAP_SYS_ADMIN : -1); /* for each guest's pid namespace */
  die_with_parent();
  if (prctl(PR_SET_DUMPABLE, 0) != 0) fail("undumpable");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail("no_new_privs");
}

/* Takes the value of an option into a list; a path that this system does not have (/lib64 on arm64) is left out. */
static void add_path(const char *path, const char **list, size_t *count, size_t most) {
  if (access(path, F_OK) != 0) return;
  if (*count == most) refuse("too many paths");
  list[(*count)++] = path;
}

static bool read_wishes(int argc, char **argv, struct wishes *wishes) {
  for (int i = 2; i < argc; i++) {
    if (strncmp(argv[i], "--slots=", 8) == 0) slot_count = strtoul(argv[i] + 8, NULL, 10);
    else if (strncmp(argv[i], "--programs=", 11) == 0) wishes->programs = argv[i] + 11;
    else if (strncmp(argv[i], "--show=", 7) == 0) add_path(argv[i] + 7, wishes->shown, &wishes->shown_count, MOST_SHOWN);
    else if (strncmp(argv[i], "--interpreter=", 14) == 0 && wishes->interpreter_count < MOST_INTERPRETERS)
      wishes->interpreters[wishes->interpreter_count++] = argv[i] + 14; /* their numbers stay, whether they are there or not */
    else if (strcmp(argv[i], "--roomy") == 0) house.libraries = house.processes = true;
    else if (strcmp(argv[i], "--explain") == 0) wishes->explain = true;
    else if (strcmp(argv[i], "--no-namespaces") == 0) wishes->namespaces = false; /* these two let tests be a poorer machine */
    else if (strcmp(argv[i], "--no-landlock") == 0) wishes->landlock = false;
    else return false;
  }
  /* What is refused is told to one slot, so there must be only one to ask. */
  return wishes->programs != NULL && slot_count >= 1 && slot_count <= (wishes->explain ? 1 : MOST_SLOTS);
}

int serve(int argc, char **argv) {
  static struct wishes wishes = {.namespaces = true, .landlock = true};
  if (!read_wishes(argc, argv, &wishes)) {
    fputs("usage: runner --serve --slots=1..64 --programs=DIR [--explain] [--roomy [--show=PATH]... [--interpreter=PATH]...]\n", stderr);
    return EXIT_USAGE;
  }
  signal(SIGPIPE, SIG_IGN);
  if (syscall(SYS_close_range, FIRST_SLOT + slot_count, ~0u, 0) != 0) refuse("Linux 5.13 or newer is needed");
  house.programs = open(wishes.programs, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (house.programs < 0) fail(wishes.programs);
  processes = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (processes < 0) refuse("/proc is not mounted, and without it memory cannot be watched");
  house.landlock = wishes.landlock ? landlock_version() : 0;
  for (int i = 0; i < MOST_SHOWN; i++) house.shown[i] = -1;

  char why[128] = "";
  confine_runner(&wishes, why, sizeof why);
  open_slots();
  refusals = install_filter(&(struct filter){house.namespaces, !house.namespaces || house.processes, house.processes, wishes.explain});
  if (refusals >= 0) watch(&slots[0], refusals, GUEST_REFUSED, EPOLLIN, EPOLL_CTL_ADD);
  /* Said last: whoever reads it may rely on everything above. */
  dprintf(STDOUT_FILENO, "{\"tier\":\"%s\",\"landlock\":%d,\"why\":\"%s\"}\n", house.namespaces ? "namespaces" : "landlock", house.landlock, why);
  loop();
}
