// A core module: one function to call, and one that never ends.
export function add(a: i32, b: i32): i32 {
  return a + b;
}

let rounds: u64 = 0;
export function spin(): u64 {
  while (rounds < u64.MAX_VALUE) rounds++;
  return rounds;
}
