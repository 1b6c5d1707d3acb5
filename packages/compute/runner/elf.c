/* Which executables are accepted: 64-bit ELF of this machine's architecture. */
#include "sandbox.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#error "The native sandbox knows x86-64 and arm64."
#endif

enum { MOST_SEGMENTS = 64 };

/* Reads the program headers; 0 if the file is not an executable that this machine could run. */
static int read_segments(int file, Elf64_Phdr segments[MOST_SEGMENTS]) {
  Elf64_Ehdr header;
  if (pread(file, &header, sizeof header, 0) != sizeof header) return 0;
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) return 0;
  if (header.e_machine != MACHINE || (header.e_type != ET_EXEC && header.e_type != ET_DYN)) return 0;
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phnum > MOST_SEGMENTS) return 0;
  ssize_t size = header.e_phnum * (ssize_t)sizeof(Elf64_Phdr);
  if (pread(file, segments, size, header.e_phoff) != size) return 0;
  return header.e_phnum;
}

static const Elf64_Phdr *find_interpreter(const Elf64_Phdr *segments, int count) {
  for (int i = 0; i < count; i++)
    if (segments[i].p_type == PT_INTERP) return &segments[i];
  return NULL;
}

bool is_executable(int file, bool must_be_static) {
  Elf64_Phdr segments[MOST_SEGMENTS];
  int count = read_segments(file, segments);
  if (count > 0 && (!must_be_static || find_interpreter(segments, count) == NULL)) return true;
  errno = ENOEXEC;
  return false;
}

bool interpreter_of(int file, char *path, size_t size) {
  Elf64_Phdr segments[MOST_SEGMENTS];
  const Elf64_Phdr *interpreter = find_interpreter(segments, read_segments(file, segments));
  if (interpreter == NULL || interpreter->p_filesz == 0 || interpreter->p_filesz > size) return false;
  if (pread(file, path, interpreter->p_filesz, interpreter->p_offset) != (ssize_t)interpreter->p_filesz) return false;
  return path[interpreter->p_filesz - 1] == '\0';
}
