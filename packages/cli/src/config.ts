import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** What the environment says, read once. No other file of the command reads it. */
export type Settings = {
  /** Origin of the node that commands talk to, without a trailing slash. */
  node: string;
  /** FREEHOLD_KEY as given: a key, `@file` or `env:NAME`. */
  key: string | undefined;
  /** Where the key lies when none is named. */
  keyFile: string;
  /** Where receipts of paid calls are kept. */
  receipts: string;
  /** What was paid, and the state of channels and grants: one file for every process of a person. */
  wallet: string;
  /** Limits, tokens and networks that hold for every command. */
  payments: string;
  /** What the environment says about paying, as `--max` and its like say it. */
  pay: { max: string[]; perCallMax: string[]; pay: string[]; session: string | undefined; scheme: string | undefined };
  /** Unlocks an encrypted key file: a password, `@file` or `env:NAME`. */
  keyPassword: string | undefined;
  dataDir: string;
  color: boolean;
  /** Any variable by name: for `--key env:NAME`. */
  variable(name: string): string | undefined;
  /** What programs that we start get: everything but our key and its password. */
  childEnvironment: Readonly<Record<string, string | undefined>>;
};

export function readSettings(environment: Readonly<Record<string, string | undefined>> = process.env): Settings {
  const { FREEHOLD_KEY: key, FREEHOLD_KEY_PASSWORD: keyPassword, ...childEnvironment } = environment;
  const listed = (name: string) => (environment[name] ? [environment[name]] : []);
  const home = environment['HOME'] || homedir();
  const configDir = join(environment['XDG_CONFIG_HOME'] || join(home, '.config'), 'freehold');
  return {
    node: (environment['FREEHOLD_NODE'] || 'http://localhost:4200').replace(/\/+$/, ''),
    key: key || undefined,
    keyFile: join(configDir, 'key'),
    receipts: join(configDir, 'receipts'),
    wallet: join(configDir, 'wallet.db'),
    payments: join(configDir, 'payments.json'),
    pay: {
      max: listed('FREEHOLD_MAX'),
      perCallMax: listed('FREEHOLD_PER_CALL_MAX'),
      pay: listed('FREEHOLD_PAY'),
      session: environment['FREEHOLD_SESSION'] || undefined,
      scheme: environment['FREEHOLD_SCHEME'] || undefined,
    },
    keyPassword: keyPassword || undefined,
    dataDir: resolve(environment['FREEHOLD_DATA'] || join(environment['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'freehold')),
    color: !environment['NO_COLOR'] && environment['TERM'] !== 'dumb',
    variable: (name) => environment[name],
    childEnvironment,
  };
}
