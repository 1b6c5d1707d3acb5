import type { Requirement } from './requirement.ts';

/** What seed 000 promises. */
export default [
  {
    id: 'wallet.signup',
    source: 'seeds/000',
    behaviour:
      '`POST /api/signup {email,userId}` derives a wallet, stores public data only, answers `{id,email,address,pubKeyHex}`; duplicate e-mail or userId → 409; the wallet is visible at once',
  },
  {
    id: 'wallet.derive.distinct',
    source: 'seeds/000',
    behaviour: 'different users, applications, versions and algorithms get different keys; the same input always the same key',
  },
  {
    id: 'wallet.keys',
    source: 'seeds/000',
    behaviour: '`GET /api/users/me/keys` answers address and public key of the caller',
  },
  {
    id: 'wallet.sign',
    source: 'seeds/000',
    behaviour:
      '`POST /api/users/:userId/sign {message}` signs for the signed-in user only; 65-byte signature with recovery; `signature_chain` when available; ≤ 50 ms p95',
  },
  {
    id: 'wallet.sign.schemes',
    source: 'seeds/000',
    behaviour: 'raw keccak, EIP-191 and EIP-712, chosen explicitly and documented',
  },
  {
    id: 'wallet.verify',
    source: 'seeds/000',
    behaviour: '`POST /api/verify {pubKeyHex,message,signature}` → `{valid}`; false for a changed message, signature or key',
  },
  {
    id: 'wallet.chain',
    source: 'seeds/000',
    behaviour: 'the signature chain verifies to the trusted root, client side too',
  },
  {
    id: 'wallet.rotate',
    source: 'seeds/000',
    behaviour: 'a new version namespace rotates keys; old signatures still verify',
  },
  {
    id: 'wallet.nonpersistence',
    source: 'seeds/000',
    behaviour: 'no private key on disk, in logs or in the server process; proven by static rules and a runtime canary',
  },
  {
    id: 'wallet.admin.list',
    source: 'seeds/000',
    behaviour:
      '`GET /api/admin/users` lists id, email, userId, public key, address, creation; admin only; 10,000 users ≤ 200 ms p95; CSV export',
  },
  {
    id: 'wallet.dashboards',
    source: 'seeds/000',
    behaviour: 'sign-up page, user dashboard (sign, verify), admin dashboard (table)',
  },
  {
    id: 'wallet.health',
    source: 'seeds/000',
    behaviour: '`GET /api/health` 200 when healthy; checks database and key service; fail-fast when the socket is missing',
  },
  {
    id: 'wallet.info',
    source: 'seeds/000',
    behaviour: '`GET /api/info` shows attestation metadata only when `EXPOSE_INFO=true`',
  },
  {
    id: 'wallet.quote',
    source: 'seeds/000',
    behaviour: 'an attestation quote can be fetched and is verified on the client',
    planned: true,
  },
  {
    id: 'wallet.metrics',
    source: 'seeds/000',
    behaviour: "the seed's metric names and structured log events exist; logs are redacted by construction",
  },
  { id: 'wallet.ratelimit', source: 'seeds/000', behaviour: 'sign and verify are rate limited' },
  { id: 'wallet.validate', source: 'seeds/000', behaviour: 'every input validated; untrusted by default' },
  {
    id: 'wallet.deploy',
    source: 'seeds/000',
    behaviour: 'Dockerfile, docker-compose, real app-compose for a CVM; least privilege; health check',
  },
] satisfies Requirement[];
