/**
 * A buffer for a secret, alone in memory outside the heap of JavaScript. A small typed array lives inside the heap, and native code that
 * looks at it makes V8 move it out: a copy stays behind that nobody can wipe.
 */
export const secretBuffer = (length: number): Buffer => Buffer.allocUnsafeSlow(Math.max(length, 1024)).subarray(0, length);
