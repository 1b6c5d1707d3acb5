import type { Duplex } from 'node:stream';
import { frameReader } from './frames.ts';
import { openSlot, type Slot } from './slot.ts';

/**
 * The slots of a runner on its one socket. What they send within one turn of the event loop goes in one write, as the runner
 * answers: under load a call into the system carries many runs. `onFree` is called when a slot may start its next run.
 */
export function openLine(socket: Duplex, count: number, onFree: (slot: Slot) => void): readonly Slot[] {
  let waiting: Buffer[] = [];
  const flush = () => {
    const [first] = waiting;
    if (first && !socket.destroyed) socket.write(waiting.length === 1 ? first : Buffer.concat(waiting));
    waiting = [];
  };
  const send = (frame: Buffer) => {
    if (waiting.push(frame) === 1) setImmediate(flush);
  };
  const slots = Array.from({ length: count }, (_, number) => openSlot(number, send, onFree));
  socket.on(
    'data',
    frameReader((slot, type, payload) => slots[slot]?.take(type, payload)),
  );
  socket.on('error', () => {}); // the runner's own end is told by its exit
  return slots;
}
