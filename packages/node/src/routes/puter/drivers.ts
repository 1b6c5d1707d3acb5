import { z } from 'zod';
import { RequestError } from '../../error.ts';
import { callerOf, route } from '../../http/route.ts';
import type { DriverInterface } from './driver.ts';

const dialect = 'puter';

/** Puter's one door to everything that is not a file: an interface, a method and its arguments. */
export const driverRoutes = (interfaces: readonly DriverInterface[]) => {
  const byName = new Map(interfaces.map((each) => [each.name, each]));
  const modules = async () => ({
    interfaces: Object.fromEntries(interfaces.map(({ name, driver }) => [name, { implementors: { [driver]: { isDefault: true } } }])),
  });
  return [
    route({
      method: 'POST',
      path: '/drivers/call',
      dialect,
      policy: 'app',
      summary: 'Call a method of a driver',
      body: z.object({
        interface: z.string().max(256),
        driver: z.string().max(256).nullish(),
        method: z.string().max(256),
        args: z.unknown().optional(),
      }),
      async handle(call) {
        const { interface: name, driver, method, args } = call.body;
        const found = byName.get(name);
        if (!found || (driver != null && driver !== found.driver))
          throw new RequestError(
            'not_found',
            404,
            `This node has no driver ${JSON.stringify(driver ?? name)}. GET /drivers/list-interfaces lists them.`,
          );
        const run = found.methods.get(method);
        if (!run) throw new RequestError('not_found', 404, `${name} has no method ${JSON.stringify(method)}.`);
        return { success: true, result: await run(callerOf(call), args, call.arrival), service: { name: found.driver } };
      },
    }),
    route({
      method: 'GET',
      path: '/drivers/list-interfaces',
      dialect,
      policy: 'app',
      summary: 'The interfaces of the drivers',
      query: z.looseObject({}),
      handle: async () => Object.fromEntries(interfaces.map(({ name, driver }) => [name, { drivers: [driver], default: driver }])),
    }),
    route({ method: 'GET', path: '/lsmod', dialect, policy: 'app', summary: 'The drivers', query: z.looseObject({}), handle: modules }),
    route({ method: 'POST', path: '/lsmod', dialect, policy: 'app', summary: 'The drivers', body: z.object({}), handle: modules }),
  ];
};
