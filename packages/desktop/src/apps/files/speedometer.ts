/** How much of the past counts, in milliseconds: short enough to follow a change, long enough not to flicker. */
const windowMs = 4000;

export type Speedometer = { add(bytes: number): void; bytesPerSecond(): number };

/** The speed over the last seconds. `now` in milliseconds from any start. */
export function createSpeedometer({ now }: { now: () => number }): Speedometer {
  const samples: { at: number; bytes: number }[] = [];
  const forget = () => {
    while (samples[0] && samples[0].at < now() - windowMs) samples.shift();
  };
  return {
    add(bytes) {
      samples.push({ at: now(), bytes });
      forget();
    },
    bytesPerSecond() {
      forget();
      const first = samples[0];
      if (!first) return 0;
      const seconds = Math.max(0.25, (now() - first.at) / 1000);
      return samples.reduce((sum, { bytes }) => sum + bytes, 0) / seconds;
    },
  };
}
