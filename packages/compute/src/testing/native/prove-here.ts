// Opens the native sandbox as whoever runs this and prints what it found (machines.test.ts).
import { openNativeSandbox } from '../../native/index.ts';

const [cacheDirectory = '', programsDirectory = '', ...without] = process.argv.slice(2);
const tiers = (['namespaces', 'landlock'] as const).filter((tier) => without.includes(tier));
const sandbox = await openNativeSandbox({ cacheDirectory, programsDirectory, slots: 2, log: () => {}, without: tiers });
if (sandbox.available) await sandbox.stop();
const user = process.getuid?.();
const found = sandbox.available
  ? { user, tier: sandbox.tier, roomy: sandbox.roomy.available, failed: sandbox.checks.filter((check) => !check.passed) }
  : { user, reason: sandbox.reason };
process.stdout.write(JSON.stringify(found));
