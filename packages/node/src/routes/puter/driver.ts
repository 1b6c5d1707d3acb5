import type { z } from 'zod';
import type { Arrival, Caller } from '../../http/route.ts';

/** One method of a driver, behind its own schema. */
export type DriverMethod = (caller: Caller, args: unknown, arrival: Arrival) => Promise<unknown>;

/** What can be called at /drivers/call under the name of an interface. */
export type DriverInterface = {
  name: string;
  /** The one driver that implements it. */
  driver: string;
  methods: ReadonlyMap<string, DriverMethod>;
};

/** A method whose arguments are checked. What the schema does not name is left out: clients of other versions send more. */
export function method<Args>(
  schema: z.ZodType<Args>,
  handle: (caller: Caller, args: Args, arrival: Arrival) => Promise<unknown>,
): DriverMethod {
  return (caller, args, arrival) => handle(caller, schema.parse(args ?? {}), arrival);
}
