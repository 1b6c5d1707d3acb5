import type { Requirement } from './requirement.ts';

/** What issue 4 (Compute) asks for. */
export default [
  {
    id: 'compute.front',
    source: 'issues/4',
    behaviour: 'a call that takes the short way is checked, answered, refused, logged and counted as any other request',
  },
  {
    id: 'compute.desktop',
    source: 'issues/4',
    behaviour:
      'the functions window: publish, try, what runs now with a way to stop it, times, share of the cache, failures, log and history',
  },
  {
    id: 'compute.sandbox.command',
    source: 'issues/4',
    behaviour: '`freehold sandbox PROGRAM` runs one program locally and tells its limits, usage and what it was denied',
  },
  {
    id: 'compute.javascript.call',
    source: 'issues/4',
    behaviour:
      'a JavaScript module answers requests, is a tool, or is run with arguments and input; bodies stream both ways; it sees the classes of the web and no others',
  },
  {
    id: 'compute.workers.sdk',
    source: 'issues/4',
    behaviour: "Puter's stock SDK creates, calls, lists, gets and deletes workers, which are scripts of a drive, in Node and in a browser",
  },
  {
    id: 'compute.workers.router',
    source: 'issues/4',
    behaviour:
      'a worker answers by the routes that it sets, in a confined process, under the policy of what programs say, and its owner reads its log',
  },
  {
    id: 'compute.workers.reach',
    source: 'issues/4',
    behaviour:
      '`me.puter` acts as the owner and `user.puter` as the caller, each as an app with what that app was given; no token reaches a worker',
  },
  {
    id: 'compute.javascript.fresh',
    source: 'issues/4',
    behaviour: 'every call has a realm of its own, and a process serves one program in all its life: nothing is carried from call to call',
  },
  {
    id: 'compute.javascript.deterministic',
    source: 'issues/4',
    behaviour: 'in a deterministic function the clock stands and all randomness is seeded, wherever the language shows them',
  },
  {
    id: 'compute.javascript.hostile',
    source: 'issues/4',
    behaviour:
      'hostile modules reach nothing of the host and are stopped with a named reason; code that has left its realm still holds no file, socket, variable, process, or data of another call; as root and as an ordinary user',
  },
  {
    id: 'compute.javascript.fetch',
    source: 'issues/4',
    behaviour: 'there is a `fetch` only for the hosts that an offer names; private addresses are refused, by name, literal and redirect',
  },
  {
    id: 'compute.native.hostile',
    source: 'issues/4',
    behaviour:
      'at least 60 native escape and exhaustion attempts, as root and as an ordinary user, in three confinements: each denied by name, neighbours unharmed, nothing left behind',
  },
  {
    id: 'compute.native.network',
    source: 'issues/4',
    behaviour:
      'native programs have no network; one whose offer names hosts and ports reaches exactly those, and no private address that the owner of the node has not allowed',
  },
  { id: 'compute.native.dynamic', source: 'issues/4', behaviour: 'dynamic executables run with the libraries of the system, read-only' },
  {
    id: 'compute.native.scripts',
    source: 'issues/4',
    behaviour: 'Python and shell scripts run with the interpreters of the machine, in the same sandbox',
  },
  {
    id: 'compute.native.processes',
    source: 'issues/4',
    behaviour: 'an offer may allow processes: memory, time and number of all of them together are bounded, and none is left behind',
  },
  {
    id: 'compute.native.roomy-hostile',
    source: 'issues/4',
    behaviour: 'a guest that sees the libraries of the system gets no further than one that sees nothing',
  },
  {
    id: 'compute.wasi.mounts',
    source: 'issues/4',
    behaviour:
      'a WASI program is given folders, to read or to change; contents are fetched when they are read, and what it changed is told when it has ended well',
  },
  {
    id: 'compute.mounts.commit',
    source: 'issues/4',
    behaviour:
      'what a WASI program changed in a folder of the drive is kept when it ended with code 0, in one transaction: versions, moves, trash, one batch of events; a crash, kill, trap or other code changes nothing',
  },
  {
    id: 'compute.mounts.conflict',
    source: 'issues/4',
    behaviour: 'when others changed what a program changed, or the quota has no room, nothing of it is kept and the reason is named',
  },
  {
    id: 'compute.mounts.identity',
    source: 'issues/4',
    behaviour: 'the folders that a program is given are part of its task: equal ones give equal ids, a changed file gives another',
  },
  {
    id: 'compute.mounts.rights',
    source: 'issues/4',
    behaviour:
      'a program is given only folders that its caller names and may use so: never those of other wallets, the trash, what lies above, or more than a share or a token allows',
  },
  {
    id: 'compute.mounts.lazy',
    source: 'issues/4',
    behaviour:
      'a file is fetched piece by piece when it is read: a large one does not fill the memory, and one that is not read costs nothing',
  },
  {
    id: 'compute.own.programs',
    source: 'issues/4',
    behaviour: 'a WebAssembly program in the own drive is run by its owner without an offer; others can neither run nor read it',
  },
  {
    id: 'compute.wasi.traps',
    source: 'issues/4',
    behaviour:
      'WASI preview 1 in all its corners: rights, open flags, trailing slashes, cookies, renumber, links, poll, append, seek and tell, sizes, sockets, descriptors',
  },
  {
    id: 'compute.wasm.hostile',
    source: 'issues/4',
    behaviour:
      'at least 30 WebAssembly attempts to escape or to exhaust are each stopped with their named reason, as root and as an ordinary user; neighbours go on and nothing is left behind',
  },
  {
    id: 'compute.wasm.ahead',
    source: 'issues/4',
    behaviour:
      'short WebAssembly jobs are sent to a process before it has ended the one before; each still has an instance and a deadline of its own, what stands behind a stuck or lost job is run elsewhere, and none that has begun is run twice',
  },
  {
    id: 'compute.wasm.fuel',
    source: 'issues/4',
    behaviour:
      'the instructions of a WebAssembly program are counted, the same number on every run and machine; what runs past `limits.fuel` ends with the reason `fuel`, wherever it loops, recurses or copies',
  },
  {
    id: 'compute.offers.upload',
    source: 'issues/4',
    behaviour:
      'a program is uploaded as a stream or in parts that outlive a lost connection and a restart, is never in memory as a whole, is proven by its sha256, and is not sent twice',
  },
  {
    id: 'compute.offers.list',
    source: 'issues/4',
    behaviour: 'offers are listed a page at a time and found by tag, word, seller and interface',
  },
  {
    id: 'compute.offers.versions',
    source: 'issues/4',
    behaviour: 'a name moves to a new version of its offer without a gap',
  },
  {
    id: 'compute.wasm.reactor',
    source: 'issues/4',
    behaviour: 'a WASI reactor is made ready by `_initialize`, then its exports are called by name like those of a core module',
  },
  {
    id: 'compute.wasm.text',
    source: 'issues/4',
    behaviour:
      'exports take and return text and bytes by a documented convention, declared in the module; a declaration that does not fit is refused with the reason',
  },
  {
    id: 'compute.os402.signed',
    source: 'issues/4',
    behaviour:
      "OS402's signed offers are checked by their own rule: the hash that they name, the hash of the path, the signature of the owner",
  },
  {
    id: 'compute.os402.translated',
    source: 'issues/4',
    behaviour: "OS402's offers are sold here under their own hash, with exact amounts; what cannot be kept to is refused with a sentence",
  },
  {
    id: 'compute.offers.cli',
    source: 'issues/4',
    behaviour:
      '`freehold offer` sells one program for several architectures, uploads it in parts, renews and verifies offers, and shows beforehand what it would sign',
  },
  {
    id: 'compute.offers.secrets',
    source: 'issues/4',
    behaviour:
      "a seller's private environment and input are named by a salted hash, sealed at rest, found by their seller alone, and seen by the program only",
  },
  {
    id: 'compute.offers.pools',
    source: 'issues/4',
    behaviour: 'calls of an offer are free while there is room in its pool, and have their price when there is none; the terms say which',
  },
  {
    id: 'compute.os402.http',
    source: 'issues/4',
    behaviour:
      "OS402's paths answer: PUT, GET and HEAD of offers and programs, its list, and calls by hash and name; a withdrawn document is not brought back",
  },
  {
    id: 'compute.tool.describe',
    source: 'issues/4',
    behaviour: 'a program is asked in the sandbox what it is (`--mcp-describe`), and cannot be sold as another tool than it says',
  },
  {
    id: 'compute.tool.smoke',
    source: 'issues/4',
    behaviour: "a tool's examples are run in the sandbox, and its offer goes live only when they come true",
  },
  { id: 'compute.tool.call', source: 'issues/4', behaviour: 'a tool takes one JSON value and answers one, both as its schemas say' },
  {
    id: 'compute.tool.errors',
    source: 'issues/4',
    behaviour: "a tool's refusals reach the caller with their code, and broken promises are failures",
  },
  {
    id: 'compute.tool.environment',
    source: 'issues/4',
    behaviour: 'a tool sees its call id, its time and its scratch space, and nothing that is not in the identity of the task',
  },
  { id: 'compute.tool.schema', source: 'issues/4', behaviour: 'neither a hostile schema nor a hostile value holds up the node' },
  { id: 'compute.sdk.hello', source: 'issues/4', behaviour: 'a hello tool in at most 12 lines' },
  {
    id: 'compute.sdk.program',
    source: 'issues/4',
    behaviour: 'a tool written with `@freehold/sdk` is a program that keeps to `tool/1` wherever Node runs',
  },
  {
    id: 'compute.sdk.default',
    source: 'issues/4',
    behaviour: 'imported, a tool does nothing, and its default export can be called by a host or a test',
  },
  { id: 'compute.sdk.handler', source: 'issues/4', behaviour: 'a handler of requests speaks CGI as a program' },
  {
    id: 'compute.tool.http',
    source: 'issues/4',
    behaviour: 'over HTTP a tool is described by GET and called by POST with JSON; its refusals cost nothing',
  },
  {
    id: 'compute.cgi.environment',
    source: 'issues/4',
    behaviour:
      'a CGI program gets the variables of RFC 3875 and no others; of the headers Content-Type and what its offer lists; never payments, authorization, our cookies or `Proxy`; `%00` and `..` are refused',
  },
  {
    id: 'compute.cgi.input',
    source: 'issues/4',
    behaviour:
      'a body is read to its end before the program starts, so that CONTENT_LENGTH is exact; above 1 MiB it waits in a file that leaves nothing behind',
  },
  {
    id: 'compute.cgi.response',
    source: 'issues/4',
    behaviour:
      'the header block is read as RFC 3875 has it; hop-by-hop headers and those that speak for the node are dropped; 204, 304 and HEAD have no body',
  },
  {
    id: 'compute.cgi.errors',
    source: 'issues/4',
    behaviour:
      'output that is no CGI is answered with 502 and why, a limit with 502 or 504, and after the head by breaking off; an error code is never charged or cached',
  },
  {
    id: 'compute.cgi.redirect',
    source: 'issues/4',
    behaviour:
      'a local Location under the program’s own path is answered from there, at most three times, for one payment and within one call’s limits; any other goes to the caller',
  },
  {
    id: 'compute.cgi.cookies',
    source: 'issues/4',
    behaviour:
      'cookies of a program keep to it: several are kept apart, Domain is removed, Path is under the program, names are never ours, and only they come back to it',
  },
  {
    id: 'compute.cgi.streaming',
    source: 'issues/4',
    behaviour:
      'what need not be kept goes out while the program writes it; a slow reader holds it back, and one who goes away stops it; what is paid for is kept whole first',
  },
  {
    id: 'compute.cgi.peers',
    source: 'issues/4',
    behaviour:
      'one program of more than 34 outputs behaves as under nginx + fcgiwrap, lighttpd and Apache; each difference is named in docs/cgi.md with its reason',
  },
  {
    id: 'compute.templates',
    source: 'issues/4',
    behaviour:
      '`freehold new` makes a tool or a handler in TypeScript, AssemblyScript, C, Rust, Python or shell that is tested, built, published and called as its README says',
  },
  {
    id: 'compute.tool.warm',
    source: 'issues/4',
    behaviour:
      'a tool in any language that says so is kept running between calls, for its own offer alone, each call within its limits; a deterministic one never is',
  },
  {
    id: 'compute.sdk.bundle',
    source: 'issues/4',
    behaviour: 'a program in TypeScript is published as one module of itself and what it imports, the same bytes wherever it lies',
  },
  {
    id: 'compute.tool.progress',
    source: 'issues/4',
    behaviour: 'a caller who asks for events hears how far a tool is while it runs, then its result and receipt',
  },
  {
    id: 'compute.task.id',
    source: 'issues/4',
    behaviour: 'the id of a task is the CID of one block that names all that can change its outcome; nothing else reaches the program',
  },
  {
    id: 'compute.task.join',
    source: 'issues/4',
    behaviour: 'equal calls share one run, and one result that is free and content-addressed; private ones are never shared across payers',
  },
  {
    id: 'compute.task.keep',
    source: 'issues/4',
    behaviour: 'outputs are kept as long as their offer says and while there is room; those that were used least go first',
  },
  {
    id: 'compute.queue.fair',
    source: 'issues/4',
    behaviour: 'payers and offers share the node fairly; too many calls are refused with 429 and Retry-After before any money is held',
  },
  {
    id: 'compute.queue.unpaid',
    source: 'issues/4',
    behaviour: 'a payer whose calls fail loses his share, and only so much failing work is done for free',
  },
  {
    id: 'compute.batch',
    source: 'issues/4',
    behaviour: 'batch functions take what their offer leaves open, are paid by the second, go on without their caller, and can be stopped',
  },
  {
    id: 'compute.cli.run',
    source: 'issues/4',
    behaviour:
      '`freehold run` buys a batch run, gives the streams and the exit code of the program, and stops it at Ctrl-C; `freehold task` shows and cancels it for who paid, without an account',
  },
  {
    id: 'compute.task.private',
    source: 'issues/4',
    behaviour: 'a task is seen by its payer, its seller and the owner; to others it does not exist',
  },
  {
    id: 'compute.task.signed',
    source: 'issues/4',
    behaviour: 'outputs are signed and verified by `freehold task verify`, also from a file',
  },
  {
    id: 'compute.task.crash',
    source: 'issues/4',
    behaviour: 'after kill -9 under load each task is finished, released or still redeemable, and ledger, chain and tasks agree',
  },
  {
    id: 'compute.load',
    source: 'issues/4',
    behaviour: '10,000 concurrent calls to 50 offers by 20 payers: fair, bounded memory, no lost task, every result correct',
  },
  {
    id: 'compute.cgi.own',
    source: 'issues/4',
    behaviour:
      'the seller of a function and the owner of the node call it free of charge, with their session and never by a page of others; others still pay for the same',
  },
  {
    id: 'compute.wasm.components',
    source: 'issues/4',
    behaviour:
      'WASI 0.2 components run: commands with arguments, environment, streams, clocks, randomness and folders as modules of preview 1 have them, and handlers of HTTP requests; each in a fresh instance, in a process that serves no other component',
  },
  {
    id: 'compute.wasm.components.hostile',
    source: 'issues/4',
    behaviour:
      'hostile components are held: paths, sockets, memory of all their modules together, tables, stack, time, output, names made to be code, files that jco does not take',
  },
  {
    id: 'compute.programs.quota',
    source: 'issues/4',
    behaviour:
      'what each seller but the owner uploads is counted while it arrives and while it is kept, and refused with a sentence beyond the room that there is; programs are listed and let go, never while an offer sells them',
  },
  {
    id: 'compute.batch.once',
    source: 'issues/4',
    behaviour:
      'a batch run of a deterministic function that several buy at once is paid by one of them; the others have its result free, see nothing of who paid, and pay only when he does not in the end',
  },
  {
    id: 'compute.fuel.receipt',
    source: 'issues/4',
    behaviour:
      'a price per million instructions is sold by what the offer allows; the signed receipt names the instructions that ran, and `freehold task verify --program` runs the task again and counts the same',
  },
  {
    id: 'compute.charge-on-error',
    source: 'issues/4',
    behaviour: 'an offer that charges for failures is paid for those of its program, says so, and is paid once; others cost nothing',
  },
  {
    id: 'compute.task.events',
    source: 'issues/4',
    behaviour: 'the socket tells a seller when batch runs of his functions wait, run and end, and nobody else',
  },
  {
    id: 'compute.own.fair',
    source: 'issues/4',
    behaviour:
      'programs that members run for themselves take at most half of an engine, and share it by time, so that calls of functions go on beside them',
  },
] satisfies Requirement[];
