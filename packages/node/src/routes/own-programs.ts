import type { Compute } from '@freehold/compute';
import type { Drive } from '@freehold/drive';
import { ownOutcome, ownRun } from '@freehold/protocol';
import type { BuiltInPrograms } from '../built-in-programs.ts';
import { driveMount } from '../drive-mounts.ts';
import { actorOf } from '../http/actor.ts';
import { callerOf, route } from '../http/route.ts';
import { readOwnProgram, targetOf } from '../own-programs.ts';

/** Programs come as base64 inside the JSON; larger ones are run from a file of the drive. */
const bodyLimit = 16 * 1024 * 1024;

export const ownProgramRoutes = ({ compute, drive, builtIn }: { compute: Compute; drive: Drive; builtIn: BuiltInPrograms }) => [
  route({
    method: 'POST',
    path: '/api/run',
    policy: 'app',
    summary: 'Run a WebAssembly program for oneself: one of the own drive, on folders of the drive that the caller names',
    body: ownRun,
    bodyLimit,
    answer: ownOutcome,
    async handle(call) {
      const caller = callerOf(call);
      const account = caller.account.address;
      const { file, builtIn: name, bytes, entry, args, env, input, mounts } = call.body;
      const program =
        file !== undefined
          ? await readOwnProgram(drive, caller, targetOf(file, account))
          : name !== undefined
            ? await builtIn(name)
            : Buffer.from(bytes ?? '', 'base64');
      const outcome = await compute.own.run({
        account,
        bytes: program,
        entry,
        args,
        env,
        input: Buffer.from(input, 'base64'),
        mounts: mounts.map(({ path, mode, folder }) =>
          driveMount(drive, actorOf(caller), { path, mode, target: targetOf(folder, account) }),
        ),
        signal: call.signal,
      });
      return { ...outcome, stdout: outcome.stdout.toString('base64'), stderr: outcome.stderr.toString('base64') };
    },
  }),
];
