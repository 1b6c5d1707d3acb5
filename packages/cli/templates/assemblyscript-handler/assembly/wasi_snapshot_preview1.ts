// The calls of WASI preview 1 that are used here. AssemblyScript imports a declared function from the module that is named like
// its file, which is why this file has the name it has.

export declare function args_get(pointers: usize, buffer: usize): i32;
export declare function args_sizes_get(count: usize, size: usize): i32;
export declare function environ_get(pointers: usize, buffer: usize): i32;
export declare function environ_sizes_get(count: usize, size: usize): i32;
export declare function fd_read(fd: i32, vectors: usize, count: i32, result: usize): i32;
export declare function fd_write(fd: i32, vectors: usize, count: i32, result: usize): i32;
export declare function proc_exit(code: i32): void;
