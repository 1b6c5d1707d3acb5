import { Command, CommanderError, Option } from 'commander';
import type { Context } from './context.ts';
import { version } from './version.ts';
import { curlHelp } from './curl/help.ts';

/** Runs every command but `curl`. Errors: CliError. */
export async function runProgram(argv: readonly string[], context: Context): Promise<number> {
  const outcome = { code: 0 };
  const program = buildProgram(context, outcome);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help that was asked for is a success; all else that commander stops at is a command line it does not understand.
    return error.exitCode === 0 ? 0 : 2;
  }
}

function buildProgram(context: Context, outcome: { code: number }): Command {
  const program = new Command('freehold')
    .description('A personal cloud its owner holds outright: files, programs and payments on your own machine.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'show this help')
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.replace(/^error: /, 'freehold: ')),
    })
    .showSuggestionAfterError()
    .showHelpAfterError('How it is used: add --help')
    .exitOverride()
    .enablePositionalOptions()
    .addHelpText('after', '\nExample:\n  freehold up\n\nEvery command has its own help: freehold offer --help');

  const example = (text: string) => `\nExample:\n${text.replace(/^/gm, '  ')}`;
  const json = () => new Option('--json', 'answer one JSON value');
  const node = () => new Option('--node <url>', 'the node to talk to (default: FREEHOLD_NODE, else http://localhost:4200)');
  const key = () => new Option('--key <key>', 'the key to sign with: @file, 0x… or env:NAME (default: FREEHOLD_KEY, then the key file)');

  program
    .command('up')
    .description('start the node and keep it running until Ctrl-C')
    .option('--port <number>', 'port to listen on (default: 4200)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--data <dir>', 'directory that holds everything (default: FREEHOLD_DATA)')
    .option('--bitswap', 'give what is published to IPFS peers, too (see docs/ipfs.md)')
    .addOption(json())
    .addHelpText('after', example('freehold up --port 4200'))
    .action(async (options) => void (outcome.code = await (await import('./commands/up.ts')).up(options, context)));

  program
    .command('keeper')
    .description('keep the keys of nodes in a container of its own, the one that has dstack’s socket (docs/tee.md)')
    .option('--dstack <socket>', 'the key service', '/var/run/dstack.sock')
    .requiredOption('--listen <socket>', 'where nodes find it: their FREEHOLD_KEEPER')
    .addHelpText('after', example('freehold keeper --listen /run/freehold/keeper.sock'))
    .action(async (options) => void (outcome.code = await (await import('./commands/keeper.ts')).keeper(options, context)));

  program
    .command('new')
    .description('start a tool or a function of your own: a small project that can be tested, built and sold as it stands')
    .argument('<kind>', 'tool (JSON in, JSON out) or handler (a function of the web); sdk brings the SDK of a project up to date')
    .argument('[dir]', 'a new folder, whose name becomes that of the program (default: my-tool, my-handler)')
    .option('--lang <language>', 'ts, assemblyscript, c, rust, python or sh (default: ts)')
    .addOption(json())
    .addHelpText('after', example('freehold new tool hello --lang python'))
    .action(async (kind, directory, options) => (await import('./commands/new.ts')).newProject(kind, directory, options, context));

  const offer = program
    .command('offer')
    .description('sell a program call by call; or list, or withdraw')
    .enablePositionalOptions()
    .argument(
      '[program]',
      'file, or architecture:file; TypeScript or JavaScript, WebAssembly, a Linux executable, or a script in Python or shell',
    )
    .option('--program <file...>', 'the same program for another architecture, as linux-arm64:./b; may be repeated')
    .addOption(new Option('--exe <file...>', 'the same as --program (OS402)').hideHelp())
    .option('--name <name>', 'name to call it by: a to z, 0 to 9 and - (required)')
    .option('--price <amount>', 'price in the token of the node, such as 0.001; 0 is free (required)')
    .option('--per <unit>', 'what the price is for: call, second (batch), or mfuel, a million WebAssembly instructions (default: call)')
    .option('--title <text>', 'how people shall read its name')
    .option('--description <text>', 'what it does, in a sentence')
    .option('--tag <word...>', 'words to find it by')
    .option('--arg <text...>', 'argument before those of the call; may be repeated')
    .option('--env <NAME=value...>', 'variable that every run sees, or @file with one a line')
    .option('--input <file>', "standard input before the caller's")
    .option('--private-env <NAME=value...>', 'variable that only the program sees; uploaded apart, kept sealed')
    .option('--private-input <file>', 'standard input that only the program sees')
    .option('--batch', 'sell it as a batch function: arguments and input in, outputs kept')
    .option('--open-args', 'callers of a batch function may add arguments')
    .option('--open-env <name...>', 'variables that callers of a batch function may set')
    .option('--open-input', 'callers of a batch function may send input')
    .option('--vary <header...>', 'request headers that reach the program')
    .option('--network <host:port...>', 'the only places that it may connect to')
    .option('--fork', 'it starts processes of its own')
    .option('--pool <name>', 'pool of the node in which calls are free while there is room')
    .option('--charge-on-error', 'charge runs that fail by their own fault, too')
    .addOption(new Option('--cgi', 'a function of the web: the default (OS402)').hideHelp())
    .addOption(new Option('--mcp', 'the same as --tool (OS402)').hideHelp())
    .addOption(new Option('--upload <url>', 'the same as --node (OS402)').hideHelp())
    .option('--tool', 'a program that describes itself (--mcp-describe): its name, schemas and examples come from it')
    .option('--deterministic', 'equal inputs give equal outputs: a repeated call is answered from the cache, free')
    .option('--memory <size>', 'memory of one call (default: 64MiB)')
    .option('--cpu <time>', 'processor time of one call (default: 10s)')
    .option('--wall <time>', 'time of one call (default: 20s)')
    .option('--output <size>', 'size of its answer (default: 8MiB)')
    .option('--fuel <count>', 'WebAssembly instructions of one call; counted when given')
    .option('--minimum <time>', 'the shortest time that a price per second is charged for')
    .option('--retention <time>', 'how long outputs are kept')
    .option('--expires <time>', 'how long the offer stands (default: 30d)')
    .option('--dry-run', 'print the document that would be signed; upload and sign nothing')
    .option('--pay-to <address>', 'who is paid (default: the address of the key)')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText(
      'after',
      example(
        'freehold offer calculator.wasm --name calculator --price 0.001 --deterministic\nfreehold offer ./tool-x64 --program ./tool-arm64 --tool --price 0.01 --private-env TOKEN=abc',
      ),
    )
    .action(async (file, options) => (await import('./commands/offer.ts')).createOffer(file, options, context));
  offer
    .command('list')
    .description('the offers of the node')
    .option('--tag <word>', 'those with this tag')
    .option('--text <words>', 'those that say so in their name, title, description or tags')
    .option('--owner <address>', 'those of one seller')
    .option('--interface <kind>', 'cgi, tool or batch')
    .option('--limit <number>', 'how many (default: 500)')
    .addOption(node())
    .addOption(json())
    .addHelpText('after', example('freehold offer list --json'))
    .action(async (options) => (await import('./commands/offer.ts')).listOffers(options, context));
  offer
    .command('renew')
    .description('sign an offer anew, with a later expiry')
    .argument('<name>', 'name or id of the offer')
    .option('--expires <time>', 'how long it stands from now (default: 30d)')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold offer renew calculator --expires 90d'))
    .action(async (name, options) => (await import('./commands/offer.ts')).renewOffer(name, options, context));
  offer
    .command('verify')
    .description('whether a document is what its seller signed: 0 when it is, and has not expired')
    .argument('<source>', "file or URL: an offer of Freehold, or OS402's")
    .addOption(json())
    .addHelpText('after', example('freehold offer verify http://localhost:4200/api/offers/calculator'))
    .action(async (source, options) => (await import('./offer/verify.ts')).verifyOffer(source, options, context));
  offer
    .command('withdraw')
    .description('stop selling')
    .argument('<name>', 'name or id of the offer')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold offer withdraw calculator'))
    .action(async (name, options) => (await import('./commands/offer.ts')).withdrawOffer(name, options, context));

  // Only its entry in the help: run() gives its arguments to curl untouched.
  program
    .command('curl')
    .description('curl, paying where it is asked to')
    .helpOption(false)
    .helpCommand(false)
    .configureHelp({ formatHelp: () => curlHelp });

  const more = (value: string, values: string[] | undefined) => [...(values ?? []), value];
  program
    .command('run')
    .description('buy a run of a batch function: its output here, its exit code ours')
    .argument('<offer>', 'name, id or URL of the offer')
    .argument('[args...]', 'arguments for the program, after --')
    .option('--seconds <number>', 'the most time it may take, which is what is paid for (default: all that the offer allows)')
    .option('--env <NAME=VALUE>', 'a variable that the offer leaves open; may be repeated', more)
    .option('--input <file>', 'its standard input: a file, or - for ours')
    .option('--detach', 'print the id of the task and do not wait')
    .option('--max <amount>', 'the most to pay, such as 0.05 or USDC:0.05; may be repeated (default: 1)', more)
    .option('--per-call-max <amount>', 'the same, for each call', more)
    .option('--session <name>', 'what --max counts: all that was paid under this name (default: this command)')
    .option('--scheme <scheme>', 'how to pay: exact, channel, escrow or auto')
    .option('--pay <token>', 'what to pay with, such as USDC@Base; may be repeated', more)
    .option('--dry-run', 'say what it would cost; pay and run nothing')
    .addOption(new Option('--dry-run-pay', 'the same').hideHelp())
    .option('--trace-pay', 'say what was paid')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText(
      'after',
      `${example('freehold run resize --seconds 30 --input photo.jpg -- --width 800 > small.jpg')}\n\nCtrl-C stops the run. It ends with the program's own exit code, 120 to 123 when it was not paid (as curl),\nor 125 when it did not begin or was stopped.`,
    )
    .action(
      async (offer, args, options) =>
        void (outcome.code = await (await import('./commands/run.ts')).runOffer(offer, args, options, context)),
    );

  const keys = program
    .command('key')
    .description('make and use keys')
    .addHelpText('after', example('freehold key new --out ~/.config/freehold/key'));
  const encrypt = () => new Option('--encrypt', 'protect it with a password (Web3 Secret Storage, as wallets and geth read it)');
  const password = () =>
    new Option('--password <source>', 'the password for that: @file or env:NAME (default: FREEHOLD_KEY_PASSWORD, else it is asked for)');
  keys
    .command('new')
    .description('make a key; prints its address, or without --out the key itself')
    .option('--out <file>', 'write the key to this new file, readable by you alone')
    .addOption(encrypt())
    .addOption(password())
    .addOption(json())
    .addHelpText('after', example('freehold key new --out ~/.config/freehold/key --encrypt'))
    .action(async (options) => (await import('./commands/key.ts')).newKey(options, context));
  keys
    .command('import')
    .description('take a key that exists: 64 hexadecimal digits, or an encrypted key file of another wallet')
    .argument('[file]', 'where it is, or - for standard input (default: it is asked for)')
    .option('--out <file>', 'the new file for it (default: where keys are looked for)')
    .addOption(encrypt())
    .addOption(password())
    .addOption(json())
    .addHelpText('after', example('freehold key import UTC--2026-11-25--wallet.json --encrypt'))
    .action(async (file, options) => (await import('./commands/key.ts')).importKey(file, options, context));
  keys
    .command('export')
    .description('show a key, or encrypt it for another wallet')
    .option('--out <file>', 'write it to this new file, readable by you alone')
    .addOption(encrypt())
    .addOption(password())
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold key export --encrypt --out wallet.json'))
    .action(async (options) => (await import('./commands/key.ts')).exportKey(options, context));
  keys
    .command('address')
    .description('the address of a key')
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold key address --key @wallet.key'))
    .action(async (options) => (await import('./commands/key.ts')).showAddress(options, context));
  keys
    .command('derive')
    .description('another key made from yours: keccak256(key, namespace)')
    .argument('<namespace>', 'what the key is for')
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold key derive shop'))
    .action(async (namespace, options) => (await import('./commands/key.ts')).deriveKey(namespace, options, context));
  keys
    .command('sha256')
    .description('the sha256 of a file, or of standard input')
    .argument('<file>', 'a file, or -')
    .addOption(json())
    .addHelpText('after', example('freehold key sha256 program.wasm'))
    .action(async (file, options) => (await import('./commands/key.ts')).sha256(file, options, context));
  for (const [name, description, run] of [
    ['fund', 'ask the test chain of the node for play money', 'fund'],
    ['balance', 'how much an address has on the chain of the node', 'showBalance'],
  ] as const) {
    keys
      .command(name)
      .description(description)
      .argument('[address]', 'whose (default: the address of the key)')
      .addOption(node())
      .addOption(key())
      .addOption(json())
      .addHelpText('after', example(`freehold key ${name}`))
      .action(async (address, options) => (await import('./commands/key.ts'))[run](address, options, context));
  }

  const spend = program
    .command('spend')
    .description('what was paid from here: every call, and what it comes to')
    .option('--session <name>', 'payments of one session')
    .option('--since <time>', 'those of the last 24h, 7d …')
    .option('--state <state>', 'paid, free, refused, or sent (no end is known, so it counts as spent)')
    .option('--limit <number>', 'how many (default: 50)')
    .addOption(json())
    .enablePositionalOptions()
    .addHelpText('after', example('freehold spend --session research --since 24h'))
    .action(async (options) => (await import('./commands/spend.ts')).listSpend(options, context));
  spend
    .command('check')
    .description('ask the chain about payments whose end is unknown; what was never cashed goes back to its budget')
    .addOption(json())
    .addHelpText('after', example('freehold spend check'))
    .action(async (options) => (await import('./commands/spend.ts')).checkSpend(options, context));
  program
    .command('balance')
    .description('what the paying key has: on chains, and left in channels')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold balance'))
    .action(async (options) => (await import('./commands/balance.ts')).showWallet(options, context));
  const channel = program
    .command('channel')
    .description('deposits for many calls to one seller: what is left of them, and getting it back')
    .addHelpText('after', example('freehold channel list'));
  channel
    .command('list')
    .description('those that were opened from here')
    .addOption(json())
    .addHelpText('after', example('freehold channel list'))
    .action(async (options) => (await import('./commands/channel.ts')).listChannels(options, context));
  channel
    .command('refund')
    .description('ask the seller to send back what is left')
    .argument('<channel>', 'its id, or an address that is sold on it')
    .option('--amount <amount>', 'a part of it, in whole tokens')
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold channel refund 0x5c1a…'))
    .action(async (named, options) => (await import('./commands/channel.ts')).refund(named, options, context));
  channel
    .command('withdraw')
    .description('take back what is left without the seller: gives notice, and finishes when the delay is over')
    .argument('<channel>', 'its id')
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold channel withdraw 0x5c1a…'))
    .action(async (id, options) => (await import('./commands/channel.ts')).withdraw(id, options, context));
  program
    .command('inspect')
    .description('what a server asks for a call (x402 version 1 or 2); nothing is paid')
    .argument('<url>', 'address of the call')
    .option('--method <method>', 'how it is called (default: GET)')
    .addOption(json())
    .addHelpText('after', example("freehold inspect 'http://localhost:4200/calculator.cgi/add?a=6&b=7'"))
    .action(async (url, options) => (await import('./commands/inspect.ts')).inspect(url, options, context));

  const passwords = program
    .command('password')
    .description('app passwords, for programs that mount the drive over WebDAV')
    .addHelpText('after', example('freehold password new --label laptop'));
  passwords
    .command('new')
    .description('make one; it is printed this once')
    .requiredOption('--label <text>', 'what it is for')
    .option('--read-only', 'it may read and not write')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold password new --label laptop'))
    .action(async (options) => (await import('./commands/password.ts')).newPassword(options, context));
  passwords
    .command('list')
    .description('those that there are, and when they were last used')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold password list'))
    .action(async (options) => (await import('./commands/password.ts')).listPasswords(options, context));
  passwords
    .command('revoke')
    .description('shut out the program that has it')
    .argument('<id>', 'its id, as the list has it')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold password revoke 5c1a…'))
    .action(async (id, options) => (await import('./commands/password.ts')).revokePassword(id, options, context));

  const programs = program
    .command('program')
    .description('programs that the node keeps for you: uploaded, or sold')
    .addHelpText('after', example('freehold program list'));
  programs
    .command('list')
    .description('those that there are, and how much room they take of what you have')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold program list'))
    .action(async (options) => (await import('./commands/program.ts')).listPrograms(options, context));
  programs
    .command('remove')
    .description('keep one no longer; withdraw the offers that sell it first')
    .argument('<cid>', 'its address, as the list has it')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold program remove bafkrei…'))
    .action(async (cid, options) => (await import('./commands/program.ts')).removeProgram(cid, options, context));

  const task = program
    .command('task')
    .description('what ran on the node, and its receipts')
    .addHelpText('after', example('freehold task list'));
  const withTask = (name: string, description: string) =>
    task
      .command(name)
      .description(description)
      .argument('<id>', 'id of the task')
      .addOption(node())
      .addOption(key())
      .addOption(json())
      .addHelpText('after', example(`freehold task ${name} bafyrei…`));
  task
    .command('list')
    .description('the tasks of your offers, newest first')
    .option('--limit <number>', 'how many (default: 50)')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText('after', example('freehold task list --json'))
    .action(async (options) => (await import('./commands/task.ts')).listTasks(options, context));
  task
    .command('health')
    .description('whether the node is well, and who signs what it gives: 0 when it is')
    .addOption(node())
    .addOption(json())
    .addHelpText('after', example('freehold task health'))
    .action(async (options) => void (outcome.code = await (await import('./commands/task.ts')).showHealth(options, context)));
  withTask('show', 'one task: how it stands, what it used, what was paid')
    .alias('status')
    .action(async (id, options) => (await import('./commands/task.ts')).showTask(id, options, context));
  withTask('stdout', 'what it wrote to standard output, byte for byte').action(async (id, options) =>
    (await import('./commands/task.ts')).showStream('stdout', id, options, context),
  );
  withTask('stderr', 'what it wrote to standard error').action(async (id, options) =>
    (await import('./commands/task.ts')).showStream('stderr', id, options, context),
  );
  withTask('cancel', 'stop it while it waits or runs; nothing is charged for it').action(async (id, options) =>
    (await import('./commands/task.ts')).cancelTask(id, options, context),
  );
  task
    .command('verify')
    .description('whether what its node signed of a task holds, receipt and result: 0 when it does')
    .argument('<source>', 'id of the task, its URL with the access, or a file with a signed receipt or result')
    .option('--stdout <file>', 'with a file: what the program wrote to standard output')
    .option('--stderr <file>', 'with a file: what it wrote to standard error')
    .option('--block <file>', 'with a file: the block that says what was run')
    .option('--signer <address>', 'with a file: an address that the node signs with; may be repeated', more)
    .option(
      '--program <file>',
      'run the task again here with this program: of a deterministic function, output and instructions must be the same',
    )
    .option('--input <file>', 'with --program: what it was given on standard input')
    .addOption(node())
    .addOption(key())
    .addOption(json())
    .addHelpText(
      'after',
      `${example('freehold task verify bafyrei…\nfreehold task verify result.json --stdout out.txt --signer 0x…')}\n\nA file is checked without asking anybody, and with --node its signers are asked for. A URL needs no key.`,
    )
    .action(async (source, options) => (await import('./commands/verify-task.ts')).verifyTask(source, options, context));

  program
    .command('sandbox')
    .argument('<program>', 'an executable, a script (Python, sh) or a WebAssembly module')
    .argument('[args...]', 'its arguments')
    .description('run a program here as a node would: its limits, what it used, what it was denied')
    .option(
      '--env <NAME=VALUE>',
      'a variable that it sees (may be repeated); nothing is inherited',
      (pair: string, pairs: string[]) => [...pairs, pair],
      new Array<string>(),
    )
    .option('--entry <name>', 'the function to call, of a WebAssembly module without _start')
    .option('--processes', 'it may start processes')
    .option(
      '--network <host:port>',
      'a host and port that it may connect to, by the socket $FREEHOLD_NETWORK/host:port (may be repeated)',
      (target: string, targets: string[] | undefined) => [...(targets ?? []), target],
    )
    .option('--memory <size>', 'the most memory (default: 64MiB)')
    .option('--cpu <time>', 'the most processor time (default: 10s)')
    .option('--wall <time>', 'the most time (default: 20s)')
    .option('--output <size>', 'the most output (default: 8MiB)')
    .addOption(json())
    .passThroughOptions()
    .addHelpText(
      'after',
      `${example("echo 'a,b' | freehold sandbox --memory 16MiB ./convert --to json")}\n\nStandard input and output are the program's; the report goes to standard error. It ends with the program's\nown exit code, or 125 when the program was stopped.`,
    )
    .action(
      async (file, args, options) =>
        void (outcome.code = await (await import('./commands/sandbox.ts')).sandbox(file, args, options, context)),
    );

  program
    .command('fsck')
    .description('whether every file of the node is there and every book agrees; repairs what is safe')
    .option('--data <dir>', 'directory of the node (default: FREEHOLD_DATA)')
    .option('--rehash', 'read and hash every byte, too')
    .option('--repair', 'repair what can be repaired; nothing of a user is deleted (the node must be stopped)')
    .addOption(node())
    .addOption(json())
    .addHelpText(
      'after',
      `${example('freehold fsck --rehash')}\n\nIt ends with 0 when all is well, 1 when it could not be checked, 3 when there is something to\nrepair, 4 when something is lost or needs a person. A running node is asked to look by itself.`,
    )
    .action(async (options) => void (outcome.code = await (await import('./commands/fsck.ts')).fsck(options, context)));

  program
    .command('doctor')
    .description('what this machine has and lacks to run a node')
    .option('--port <number>', 'port that shall be free (default: 4200)')
    .option('--data <dir>', 'directory that shall hold everything (default: FREEHOLD_DATA)')
    .addOption(node())
    .addOption(json())
    .addHelpText('after', example('freehold doctor'))
    .action(async (options) => {
      const [{ doctor }, { sandboxProbes }] = await Promise.all([import('./commands/doctor.ts'), import('./doctor/sandbox.ts')]);
      outcome.code = await doctor(options, context, sandboxProbes());
    });
  return program;
}
