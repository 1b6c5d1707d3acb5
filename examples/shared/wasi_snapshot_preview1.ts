// The calls of WASI preview 1 that the examples need. AssemblyScript imports a declared function from the module that is
// named like its file, which is why this file has the name it has.

export declare function fd_read(fd: i32, vectors: usize, count: i32, result: usize): i32;
export declare function fd_write(fd: i32, vectors: usize, count: i32, result: usize): i32;
export declare function environ_sizes_get(count: usize, size: usize): i32;
export declare function environ_get(pointers: usize, buffer: usize): i32;
export declare function proc_exit(code: i32): void;
export declare function args_sizes_get(count: usize, size: usize): i32;
export declare function args_get(pointers: usize, buffer: usize): i32;
export declare function clock_time_get(id: i32, precision: u64, result: usize): i32;
export declare function fd_close(fd: i32): i32;
export declare function fd_prestat_get(fd: i32, result: usize): i32;
export declare function fd_prestat_dir_name(fd: i32, path: usize, length: usize): i32;
export declare function path_open(
  fd: i32,
  lookup: i32,
  path: usize,
  length: usize,
  open: i32,
  rights: u64,
  inheriting: u64,
  flags: i32,
  result: usize,
): i32;
