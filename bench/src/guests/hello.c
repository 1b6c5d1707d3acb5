/*
 * The least that a CGI program can do: what is measured is everything around it. No C library, for the start of one is a good part of
 * what such a program costs; under some hypervisors, which trap the instruction that it asks the processor's features with, most.
 */
#include <asm/unistd.h>

#if defined(__x86_64__)
static long call(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
static long call(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
#endif

void _start(void) {
  static const char answer[] = "Content-Type: text/plain\n\nhello\n";
  long written = call(__NR_write, 1, (long)answer, sizeof answer - 1);
  for (;;) call(__NR_exit_group, written == sizeof answer - 1 ? 0 : 1, 0, 0);
}
