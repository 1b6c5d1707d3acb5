/* The runner at work: what happens on the line and with the guests, and every 10 ms a look at what each guest uses. */
#include "slot.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
  TICK_MS = 10,
  /*
   * Most guests have written all and ended before this: then all they wrote is read at once, and goes to the node together with
   * how they ended. Only of those that take longer the output is waited for.
   */
  LISTEN_AFTER_MS = 2,
  /* In so little time nobody fills much memory: a guest is not looked at again before it has computed for longer. */
  LOOK_AFTER_US = 100,
  IDLE_MS = 1000,
};

uint64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

void watch(struct slot *slot, int descriptor, enum source source, uint32_t what, int operation) {
  struct epoll_event event = {.events = what, .data.u64 = (slot == NULL ? 0 : (uint64_t)(slot - slots)) << 8 | source};
  if (epoll_ctl(events, operation, descriptor, &event) != 0) fail("epoll_ctl");
}

/* ---- ending */

void leave(int code) {
  for (unsigned i = 0; i < slot_count; i++) kill_guest(&slots[i], BY_KILL);
  _exit(code);
}

void violation(const char *what) {
  fprintf(stderr, "runner: protocol violation: %s\n", what);
  leave(EXIT_PROTOCOL);
}

/* ---- watchdogs */

static void inspect(struct slot *slot, uint64_t now) {
  if (now - slot->started_us > slot->limits.wall_ms * 1000) kill_guest(slot, BY_WALL);
  if (is_unborn(slot->birth)) return; /* its memory is still ours */

  bool family = slot->limits.permitted & MAY_START_PROCESSES;
  if (!family) {
    uint64_t cpu_us = cpu_time_us(slot->guest.pid);
    if (cpu_us >= slot->limits.cpu_ms * 1000) kill_guest(slot, BY_CPU);
    if (cpu_us - slot->seen_cpu_us < LOOK_AFTER_US) return;
    slot->seen_cpu_us = cpu_us;
  }
  struct load load;
  if (!measure(processes, slot->guest.pid, family, &load)) return;
  if (load.resident_bytes > slot->limits.memory_bytes || load.threads > MOST_THREADS) kill_guest(slot, BY_MEMORY);
  if (!family) return;
  if (load.cpu_ms >= slot->limits.cpu_ms) kill_guest(slot, BY_CPU);
  if (load.resident_bytes > slot->peak_bytes) slot->peak_bytes = load.resident_bytes;
  slot->family_cpu_us = load.cpu_ms * 1000;
}

/* ---- the loop */

static void on_event(struct slot *slot, enum source source) {
  if (source == NODE) on_node();
  else if (source == GUEST_REFUSED) on_refused(slot);
  else if (!slot->running) return; /* it ended earlier in the same batch */
  else if (source == GUEST_OUT) on_output(slot, STDOUT);
  else if (source == GUEST_ERR) on_output(slot, STDERR);
  else if (source == GUEST_IN) on_input(slot);
  else on_end(slot);
}

/* How long nothing has to be done unless something happens. */
static int patience(void) {
  bool busy = false;
  for (unsigned i = 0; i < slot_count; i++) {
    if (slots[i].running && !slots[i].listening) return LISTEN_AFTER_MS;
    busy |= slots[i].running;
  }
  return busy ? TICK_MS : programs_are_kept() ? IDLE_MS : -1;
}

void loop(void) {
  uint64_t looked = now_us();
  for (;;) {
    struct epoll_event ready[64];
    int waited_ms = patience();
    int count = epoll_wait(events, ready, 64, waited_ms);
    if (count < 0 && errno != EINTR) fail("epoll_wait");
    if (count == 0 && waited_ms == IDLE_MS) forget_programs();
    for (int i = 0; i < count; i++) on_event(&slots[ready[i].data.u64 >> 8], ready[i].data.u64 & 0xff);

    uint64_t now = now_us();
    bool tick = now - looked >= TICK_MS * 1000;
    if (tick) looked = now;
    flush(); /* before attend(): it makes room */
    for (unsigned i = 0; i < slot_count; i++) {
      struct slot *slot = &slots[i];
      if (!slot->running) continue;
      if (now - slot->started_us >= LISTEN_AFTER_MS * 1000) slot->listening = true;
      attend(slot);
      if (tick && !slot->ended) inspect(slot, now);
    }
  }
}
