/** What one question about this machine came to. `fix` says in a line what to do when it is not ok. */
export type Finding = { state: 'ok' | 'warn' | 'fail'; message: string; fix?: string };

/** One question about this machine or the node. It never throws for an answer that is merely bad. */
export type Probe = { name: string; ask(): Promise<Finding> };

export type Report = { ok: boolean; findings: ({ name: string } & Finding)[] };

/** Asks everything; a probe that throws is a finding as well. */
export async function examine(probes: readonly Probe[]): Promise<Report> {
  const findings = await Promise.all(
    probes.map(async ({ name, ask }) => {
      try {
        return { name, ...(await ask()) };
      } catch (error) {
        return { name, state: 'fail' as const, message: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
  return { ok: findings.every(({ state }) => state !== 'fail'), findings };
}
