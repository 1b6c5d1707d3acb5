// The smallest kind of function: a module with exports and no imports at all. It can compute and nothing else.

export function add(a: f64, b: f64): f64 {
  return a + b;
}

export function subtract(a: f64, b: f64): f64 {
  return a - b;
}

export function multiply(a: f64, b: f64): f64 {
  return a * b;
}

/** By IEEE 754: x/0 is Infinity, 0/0 is NaN. */
export function divide(a: f64, b: f64): f64 {
  return a / b;
}
