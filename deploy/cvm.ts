/**
 * Writes what a confidential VM with dstack is given: the compose file, with the key service's socket in the keeper's container alone,
 * and the app-compose.json around it, whose hash is the measurement that others check.
 *
 * Usage: node deploy/cvm.ts --image NAME@sha256:DIGEST [--origin https://…] [--roots HEX,…] [--owner 0x…] > app-compose.json
 */
import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';

type CvmOptions = { image: string; origin: string; roots: string; owner: string };

/** Only text travels into the VM: no build, no secrets, and an image that nobody can exchange. */
function composeFile({ image, origin, roots, owner }: CvmOptions): string {
  return `services:
  keeper:
    image: ${image}
    command: [keeper, --listen, /run/freehold/keeper.sock]
    restart: unless-stopped
    network_mode: none
    read_only: true
    cap_drop: [ALL]
    security_opt:
      - no-new-privileges:true
    healthcheck:
      test: [CMD, test, -S, /run/freehold/keeper.sock]
      interval: 5s
      retries: 20
    volumes:
      - /var/run/dstack.sock:/var/run/dstack.sock
      - keeper:/run/freehold
  node:
    image: ${image}
    restart: unless-stopped
    depends_on:
      keeper:
        condition: service_healthy
    environment:
      FREEHOLD_KEEPER: /run/freehold/keeper.sock
      FREEHOLD_KMS_ROOTS: ${JSON.stringify(roots)}
      FREEHOLD_ORIGIN: ${JSON.stringify(origin)}
      FREEHOLD_OWNER: ${JSON.stringify(owner)}
    ports:
      - "4200:4200"
    cap_drop: [ALL]
    security_opt:
      - no-new-privileges:true
      - seccomp=unconfined
    volumes:
      - keeper:/run/freehold
      - data:/data
volumes:
  keeper:
  data:
`;
}

/** dstack measures the bytes of this file: keys sorted and nothing between them, as its own tools write it. */
function appCompose(options: CvmOptions): string {
  const document = {
    allowed_envs: [],
    docker_compose_file: composeFile(options),
    gateway_enabled: true,
    kms_enabled: true,
    local_key_provider_enabled: false,
    manifest_version: 2,
    name: 'freehold',
    no_instance_id: false,
    public_logs: false,
    public_sysinfo: true,
    public_tcbinfo: true,
    runner: 'docker-compose',
    secure_time: true,
  };
  return JSON.stringify(document);
}

const composeHash = (text: string): string => createHash('sha256').update(text).digest('hex');

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      image: { type: 'string' },
      origin: { type: 'string', default: '' },
      roots: { type: 'string', default: '' },
      owner: { type: 'string', default: '' },
    },
  });
  const { image, ...rest } = values;
  if (image === undefined || !/^[a-z0-9./:_-]+@sha256:[0-9a-f]{64}$/.test(image)) {
    process.stderr.write('Name the image by its digest, so that nobody can exchange it: --image ghcr.io/you/freehold@sha256:…\n');
    process.exit(2);
  }
  if (/["\n\\$]/.test(Object.values(rest).join(''))) {
    process.stderr.write('The values must not hold quotes, backslashes, dollar signs or line feeds.\n');
    process.exit(2);
  }
  const text = appCompose({ image, ...rest });
  process.stdout.write(text);
  process.stderr.write(`compose hash: ${composeHash(text)}\n`);
}
