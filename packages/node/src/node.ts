import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCompute } from '@freehold/compute';
import { openLocalChain } from '@freehold/contracts';
import { openDatabase } from '@freehold/database';
import { appFolder, openDrive, openKeyValue } from '@freehold/drive';
import { openIdentity, openKeeper, openStandIn, openTeeKeeper, recoverAddress, type StandIn } from '@freehold/identity';
import { openAuthorizer, openPayments } from '@freehold/payments';
import type { Address, NodeInfo } from '@freehold/protocol';
import { openBitswap } from './bitswap.ts';
import { openBuiltInPrograms } from './built-in-programs.ts';
import { openChains } from './chain.ts';
import { noStandIn, type Config, type KeyServiceConfig } from './config.ts';
import { askContracts } from './smart-accounts.ts';
import { makeDataDirectory, nodeId, nodeKey } from './data-directory.ts';
import { ConfigError } from './error.ts';
import { openEvents } from './events.ts';
import { healthChecks } from './health.ts';
import { isOwnOrigin } from './http/arrival.ts';
import type { Authenticate } from './http/caller.ts';
import { serveDesktop } from './http/desktop.ts';
import type { Arrival, Route } from './http/route.ts';
import { openConvenience } from './http/convenience-headers.ts';
import { openTerms } from './http/payment-required.ts';
import { createServer } from './http/server.ts';
import { openLentTokens } from './lent-tokens.ts';
import { lockDataDirectory } from './lock.ts';
import { openLog, type Log } from './log.ts';
import { openMetrics } from './metrics.ts';
import { noPaymentSettings, readGasKey } from './payment-settings.ts';
import { refuseWrongTokens } from './refuse-wrong-tokens.ts';
import { chainRoutes } from './routes/chain.ts';
import { davRoutes } from './routes/dav/index.ts';
import { delegateRoutes } from './routes/delegates.ts';
import { driveRoutes } from './routes/drive.ts';
import { driveAuditRoutes } from './routes/drive-audit.ts';
import { driveSharingRoutes } from './routes/drive-sharing.ts';
import { driveUploadRoutes } from './routes/drive-uploads.ts';
import { driveVersionRoutes } from './routes/drive-versions.ts';
import { earningsRoutes } from './routes/earnings.ts';
import { facilitatorRoutes } from './routes/facilitator.ts';
import { functionRoutes } from './routes/functions.ts';
import { ipfsRoutes } from './routes/ipfs/index.ts';
import { identityRoutes } from './routes/identity.ts';
import { passkeyRoutes } from './routes/passkeys.ts';
import { ownProgramRoutes } from './routes/own-programs.ts';
import { linkRoutes } from './routes/links/index.ts';
import { offerRoutes } from './routes/offers.ts';
import { os402Routes } from './routes/os402.ts';
import { secretRoutes } from './routes/secrets.ts';
import { programUploadRoutes } from './routes/program-uploads.ts';
import { searchRoutes } from './routes/search.ts';
import { puterRoutes } from './routes/puter/index.ts';
import { pc2Routes } from './routes/pc2/index.ts';
import { systemRoutes } from './routes/system.ts';
import { batchRoutes } from './routes/batch.ts';
import { os402TaskRoutes } from './routes/os402-tasks.ts';
import { workerRoutes } from './routes/workers.ts';
import { taskRoutes } from './routes/tasks.ts';
import { walletRoutes } from './routes/wallets.ts';
import { openSales } from './sale.ts';
import { createCauses } from './sockets/causes.ts';
import { openSockets } from './sockets/sockets.ts';
import { openStops } from './stops.ts';
import { openTaskEvents } from './task-events.ts';
import { openTaskAccess } from './task-access.ts';
import { version } from './version.ts';

/** Announced to all nodes on the database. */
const offersTopic = 'offers';
const day = 24 * 60 * 60 * 1000;
/** Where the build puts the programs of the desktop's apps. */
const programsDirectory = fileURLToPath(new URL('../../../examples/dist', import.meta.url));
const desktopDirectory = fileURLToPath(new URL('../../desktop/dist', import.meta.url));

export type RunningNode = {
  /** Where the node is reached on this machine. */
  url: string;
  dataDirectory: string;
  /** What a first start prints; undefined once the node has an owner. */
  claimCode: () => string | undefined;
  owner: () => Promise<Address | undefined>;
  info: NodeInfo;
  /** Why there is no chain, or undefined. */
  chainRefusal: string | undefined;
  sandbox: { native: string | undefined; wasm: string | undefined; javascript: string | undefined };
  /** Where IPFS peers can connect; none unless bitswap is switched on. */
  peerAddresses: readonly string[];
  /** Every route with its policy: what the authorization tests walk through. */
  routes: readonly Route[];
  /** Resolves with the reason when the node cannot go on. */
  failed: Promise<string>;
  stop: () => Promise<void>;
};

export type NodeOptions = {
  config: Config;
  now?: () => number;
  /** Takes the log, one JSON line at a time. */
  write?: (line: string) => void;
  /** Hears the one-time claim code, also when it is replaced. */
  onClaimCode?: (code: string) => void;
};

/** Starts a node: what exists, and what each part is given, from the top to the bottom. */
export async function startNode({
  config,
  now = Date.now,
  write = (line) => process.stderr.write(line),
  onClaimCode,
}: NodeOptions): Promise<RunningNode> {
  const startedAt = now();
  const log = openLog({ level: config.logLevel, write, now });
  const stops = openStops();
  const failure = Promise.withResolvers<string>();
  try {
    const { dataDirectory } = config;
    makeDataDirectory(dataDirectory);
    const lock = lockDataDirectory(dataDirectory);
    stops.add(async () => lock.release());

    const { databaseUrl, bucket } = config;
    const database = await openDatabase(
      databaseUrl === undefined
        ? { path: join(dataDirectory, 'freehold.db'), now }
        : { url: databaseUrl, now, warn: (message) => log('database.announcements_failed', { message }) },
    );
    stops.add(() => database.close());

    const onDeath = () => failure.resolve('The process that holds the key of this node has ended.');
    const { keyService } = config;
    const standIn = keyService?.at === 'stand-in' ? await openStandIn() : undefined;
    if (standIn) stops.add(() => standIn.stop());
    const tee = keyService && (await openTeeKeeper({ at: keyServiceAt(keyService, standIn), log, onDeath }));
    if (tee) stops.add(() => tee.stop());
    if (tee && !tee.wallets.service.isTee && keyService.at !== 'stand-in' && config.isProduction) throw noStandIn();
    const keeper = tee ?? (await openKeeper({ log, onDeath }));
    if (keeper !== tee) stops.add(() => keeper.stop());

    const paymentSettings = config.payments ?? noPaymentSettings;
    const { gasKey } = paymentSettings;
    const hasGas = gasKey !== undefined || paymentSettings.networks.length === 0;
    const gasPayer =
      gasKey === undefined
        ? keeper
        : await openKeeper({
            log,
            key: readGasKey(gasKey),
            onDeath: () => failure.resolve('The process that holds the key for gas has ended.'),
          });
    if (gasPayer !== keeper) stops.add(() => gasPayer.stop());

    const localChain = paymentSettings.testChain ? await openLocalChain({ directory: join(dataDirectory, 'chain'), log }) : undefined;
    const running = localChain?.kind === 'running' ? localChain : undefined;
    if (running) stops.add(() => running.stop());
    if (running) await running.fund(gasPayer.address, 0n);
    const { settings: chains, tokens, first: chain } = openChains(paymentSettings, running);
    await refuseWrongTokens({ chains, tokens, now, log });
    const token = chain?.token ?? null;

    const identity = await openIdentity({
      database,
      log,
      now,
      owner: config.owner,
      isOwnOrigin: (origin) => isOwnOrigin(origin, config.origins),
      // Not the test chain: whoever reaches its RPC writes what its contracts say.
      askContract: askContracts(paymentSettings.networks),
      walletKeys: tee?.wallets,
      trustedRoots: keyService?.trustedRoots ?? [],
      ...(onClaimCode && { onClaimCode }),
    });
    await identity.recordSigner(keeper.address);

    const drive = openDrive({
      database,
      directory: join(dataDirectory, 'drive'),
      bucket,
      log,
      now,
      options: { quota: config.quotaBytes, folders: [appFolder, 'Desktop', 'Documents', 'Pictures', 'Public', 'Videos'] },
    });
    await drive.start();
    stops.add(() => drive.stop());

    const keyValue = openKeyValue({ database, log, now });
    keyValue.start();
    stops.add(() => keyValue.stop());

    const node = nodeId(dataDirectory);
    const compute = await openCompute({
      database,
      node,
      directory: join(dataDirectory, 'compute'),
      now,
      log,
      recover: recoverAddress,
      accepts: (network, asset) => tokens.some((token) => token.network === network && token.asset === asset),
      concurrency: config.concurrency,
      ownTargets: config.targets ?? [],
      retention: 30 * day,
      key: nodeKey(dataDirectory),
      pools: config.pools ?? [],
      outputBytes: config.outputBytes,
      programBytesOf: async (address) =>
        (await identity.account(address))?.role === 'owner' ? Infinity : (config.programBytes ?? Infinity),
    });
    stops.add(() => compute.stop());

    const payments = openPayments({
      database,
      node,
      now,
      log,
      recover: recoverAddress,
      signer: gasPayer,
      // Claims from channels cost gas, which nobody else pays.
      ...(hasGas && { authorizer: openAuthorizer(await compute.keyFor('payment authorizer')) }),
      chains,
      tokens,
      facilitator: paymentSettings.facilitator,
      facilitate: paymentSettings.facilitate,
    });
    await payments.recover({
      async findResult({ taskId }) {
        const { chargeable = false, wallUs, fuel } = (await compute.tasks.find(taskId)) ?? {};
        if (!chargeable) return undefined;
        return { resultRef: taskId, usage: { wallUs: wallUs ?? 0, ...(typeof fuel === 'number' && { fuel }) } };
      },
    });
    stops.add(() => payments.stop());
    await payments.start();

    const taskAccess = openTaskAccess({
      compute,
      key: await compute.keyFor('task access'),
      recover: recoverAddress,
      signers: async () => (await identity.signers()).map(({ address }) => address),
      now,
    });

    const metrics = openMetrics({ activeTasks: compute.tasks.active });
    stops.add(async () => metrics.stop());

    const sales = openSales({
      compute,
      payments,
      signer: keeper,
      recover: recoverAddress,
      now,
      onSold: ({ offer, task, amount, payer, seller }) => {
        if (amount !== '0') metrics.sale();
        events.publish({ type: 'sale', offer, task, amount, payer }, seller);
      },
    });

    await sales.recover();

    const info = (arrival: Arrival): NodeInfo => ({
      name: 'freehold',
      version,
      claimed: identity.isClaimed(),
      claimProof: identity.isClaimed() ? 'claimed' : arrival.isLoopback ? 'none' : 'code',
      token,
      testMoney: chain?.fund !== undefined,
      rpcUrl: arrival.isLoopback ? (chain?.rpcUrl ?? null) : null,
      keyService: tee ? { isTee: tee.wallets.service.isTee, product: tee.wallets.service.product } : null,
      signUp: tee !== undefined && config.signUp === 'open',
      signer: keeper.address,
      sandbox: {
        native: compute.sandbox.native.available,
        wasm: compute.sandbox.wasm.available,
        javascript: compute.sandbox.javascript.available,
      },
    });

    const terms = openTerms(tokens);
    const convenience = openConvenience({ isOn: paymentSettings.convenienceHeaders === true, payments, tokens, now });
    const builtIn = openBuiltInPrograms(programsDirectory);
    const lent = openLentTokens();
    const causes = createCauses({ now });
    const routes: readonly Route[] = [
      ...systemRoutes({
        info,
        checks: healthChecks({ database, drive, compute, identity, chain: () => chain, dataDirectory }),
        metrics: () => metrics,
        routes: () => routes,
        startedAt,
        now,
      }),
      ...identityRoutes({
        identity,
        onRemoved: (account) => drive.withdraw(account),
      }),
      ...walletRoutes({
        identity,
        log,
        metrics: () => metrics,
        now,
        signUp: config.signUp ?? 'closed',
        exposeInfo: config.exposeInfo === true,
      }),
      ...passkeyRoutes(identity),
      ...delegateRoutes(identity),
      ...driveRoutes(drive),
      ...driveUploadRoutes(drive),
      ...ipfsRoutes({ drive, gateways: config.gateways, now }),
      ...driveVersionRoutes(drive),
      ...davRoutes(drive),
      ...searchRoutes(drive),
      ...driveAuditRoutes({ drive, dataDirectory }),
      ...driveSharingRoutes({ drive, identity }),
      ...linkRoutes({ drive, identity }),
      ...pc2Routes({ drive, compute, builtIn, version, config }),
      ...ownProgramRoutes({ compute, drive, builtIn }),
      ...offerRoutes({ compute, payments, token, onChange: () => database.announce(offersTopic) }),
      ...programUploadRoutes(compute),
      ...secretRoutes(compute),
      ...os402Routes({
        compute,
        token,
        recover: recoverAddress,
        isSeller: async (address) => ['owner', 'admin', 'member'].includes((await identity.account(address))?.role ?? ''),
        onChange: () => database.announce(offersTopic),
        now,
      }),
      ...taskRoutes({ compute, payments, token, access: taskAccess, signer: keeper }),
      ...os402TaskRoutes({ compute, access: taskAccess, signer: keeper }),
      ...batchRoutes({ compute, sales, terms, access: taskAccess, directory: join(dataDirectory, 'compute', 'inputs') }),
      ...chainRoutes({ chain: () => chain, now }),
      ...earningsRoutes({ compute, payments, tokens, now }),
      ...facilitatorRoutes({ facilitator: payments.facilitator, compute, payments, now }),
      ...puterRoutes({ compute, identity, drive, keyValue, causes, publish: (told) => sockets.publish(told), startedAt, now }),
      ...workerRoutes({
        compute,
        drive,
        identity,
        lent,
        authenticate: identity.authenticate,
        async perform(request) {
          const answer = await server.inject({ ...request, payloadAsStream: true });
          return { statusCode: answer.statusCode, headers: answer.headers, body: answer.stream() };
        },
        directory: join(dataDirectory, 'compute', 'inputs'),
      }),
      ...functionRoutes({
        compute,
        sales,
        terms,
        convenience,
        metrics: () => metrics,
        directory: join(dataDirectory, 'compute', 'inputs'),
      }),
    ];
    const authenticate: Authenticate = {
      token: async (token) => lent.principalOf(token) ?? identity.authenticate(token),
      password: identity.authenticatePassword,
    };
    const server = createServer({ routes, authenticate, origins: config.origins, gateways: config.gateways, log, metrics: () => metrics });
    serveDesktop(server, desktopDirectory);
    const sockets = openSockets({ server: server.server, drive, authenticate, origins: config.origins, causes, log });
    const endOffers = database.onAnnounce((topic) => {
      if (topic === offersTopic) events.publish({ type: 'offers' });
    });
    const events = openEvents({ server: server.server, drive, authenticate, origins: config.origins });
    const endUnpaid = payments.onUnpaid(({ offerId, amount, network, asset, payer, payTo, reason }) => {
      events.publish({ type: 'unpaid', offer: offerId, amount: String(amount), network, asset, payer, reason: reason ?? '' }, payTo);
    });
    const endTaskEvents = compute.tasks.onChange(openTaskEvents({ publish: (event, to) => events.publish(event, to) }));
    await server.listen({ port: config.port, host: config.host }).catch((error: unknown) => {
      throw portError(error, config);
    });
    stops.add(async () => {
      endOffers();
      endTaskEvents();
      endUnpaid();
      events.stop();
      await sockets.stop();
      await server.close();
      await sales.idle();
    });

    const { host, bitswapPort } = config;
    const bitswap = config.bitswap ? await openBitswap({ blocks: drive.published.blocks, host, port: bitswapPort }) : undefined;
    if (bitswap) stops.add(() => bitswap.stop());
    for (const address of bitswap?.addresses ?? []) log('bitswap.listening', { address });

    const { port } = server.server.address() as AddressInfo;
    const url = `http://${config.host === '127.0.0.1' || config.host === '0.0.0.0' ? 'localhost' : config.host}:${port}`;
    for (const [engine, state] of Object.entries(compute.sandbox)) {
      if (state.available) log('sandbox.ready', { engine, tier: state.tier });
      else log('sandbox.refused', { engine, reason: state.reason });
    }
    log('node.started', { url, version, startMs: now() - startedAt });
    return {
      url,
      dataDirectory,
      claimCode: identity.claimCode,
      owner: async () => (await identity.owner())?.address,
      info: info({ origin: url, remoteAddress: '127.0.0.1', isLoopback: true, userAgent: '' }),
      chainRefusal: localChain?.kind === 'unavailable' ? localChain.message : undefined,
      peerAddresses: bitswap?.addresses ?? [],
      sandbox: {
        native: refusalOf(compute.sandbox.native),
        wasm: refusalOf(compute.sandbox.wasm),
        javascript: refusalOf(compute.sandbox.javascript),
      },
      routes,
      failed: failure.promise,
      stop: () => stopAll(stops, log),
    };
  } catch (error) {
    await stops.all();
    throw error;
  }
}

function keyServiceAt({ at }: KeyServiceConfig, standIn: StandIn | undefined) {
  return at === 'stand-in' ? { servicePath: standIn?.path ?? '' } : at;
}

async function stopAll(stops: ReturnType<typeof openStops>, log: Log): Promise<void> {
  await stops.all();
  log('node.stopped');
}

const refusalOf = (state: { available: true } | { available: false; reason: string; advice: string }) =>
  state.available ? undefined : `${state.reason} ${state.advice}`.trim();

function portError(error: unknown, { port, host }: Config): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'EADDRINUSE')
    return new ConfigError('port_in_use', 409, `Port ${port} is taken. Start with another one: freehold up --port ${port + 1}`, {
      cause: error,
    });
  if (error.code === 'EACCES')
    return new ConfigError(
      'port_in_use',
      403,
      `Port ${port} needs more rights than this user has. Use one above 1023: freehold up --port 4200`,
      { cause: error },
    );
  if (error.code === 'EADDRNOTAVAIL')
    return new ConfigError(
      'config_invalid',
      400,
      `${host} is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for every network.`,
      { cause: error },
    );
  return error;
}
