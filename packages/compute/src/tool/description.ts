import { limits, networkTarget, toolDescription, type Offer, type ToolProposal } from '@freehold/protocol';
import { z } from 'zod';

const mebibyte = 1024 * 1024;
const text = z.string();
const shape = toolDescription.shape;

/** `tool/1`, with the names that os402 uses for the same things. */
const said = z.object({
  contract: z.literal('tool/1').optional(),
  name: text.min(1).max(64),
  title: shape.title,
  description: shape.description,
  inputSchema: shape.inputSchema.optional(),
  input_schema: shape.inputSchema.optional(),
  outputSchema: shape.outputSchema,
  output_schema: shape.outputSchema,
  examples: shape.examples,
  annotations: shape.annotations,
  stream: shape.stream,
  limits: z
    .object({
      memoryMb: z.number().positive().optional(),
      ram_mb: z.number().positive().optional(),
      cpuMs: z.number().positive().optional(),
      cpu_time_secs: z.number().positive().optional(),
      wallMs: z.number().positive().optional(),
      wall_time_secs: z.number().positive().optional(),
      network: z.union([z.boolean(), z.array(networkTarget).max(16)]).optional(),
    })
    .optional(),
});

/** Reads what a program answered to `--mcp-describe`. Errors: a sentence of what is wrong with it. */
export function readDescription(stdout: Buffer): ToolProposal | string {
  let value: unknown;
  try {
    value = JSON.parse(stdout.toString());
  } catch {
    return `it printed no JSON but ${JSON.stringify(stdout.toString('utf8', 0, 80))}`;
  }
  const parsed = said.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `its field "${issue?.path.join('.')}" is wrong: ${issue?.message}`;
  }
  const { name, title, description, examples, annotations, stream } = parsed.data;
  const inputSchema = parsed.data.inputSchema ?? parsed.data.input_schema;
  const outputSchema = parsed.data.outputSchema ?? parsed.data.output_schema;
  if (!inputSchema) return 'it gives no "inputSchema"';
  const asked = limitsOf(parsed.data.limits ?? {});
  if (typeof asked === 'string') return asked;
  const network = parsed.data.limits?.network;
  if (network === true) return 'it asks for all of the network: name the hosts and ports, such as ["api.example.com:443"]';
  return {
    name,
    tool: {
      ...(title !== undefined && { title }),
      description,
      inputSchema,
      ...(outputSchema && { outputSchema }),
      ...(examples && { examples }),
      ...(annotations && { annotations }),
      ...(stream !== undefined && { stream }),
    },
    limits: asked,
    ...(Array.isArray(network) && network.length > 0 && { network }),
  };
}

function limitsOf(asked: NonNullable<z.output<typeof said>['limits']>): ToolProposal['limits'] | string {
  const megabytes = asked.memoryMb ?? asked.ram_mb;
  const cpuMs = asked.cpuMs ?? (asked.cpu_time_secs && asked.cpu_time_secs * 1000);
  const wallMs = asked.wallMs ?? (asked.wall_time_secs && asked.wall_time_secs * 1000);
  const parsed = limits.partial().safeParse({
    ...(megabytes !== undefined && { memoryBytes: Math.ceil(megabytes * mebibyte) }),
    ...(cpuMs !== undefined && { cpuMs: Math.ceil(cpuMs) }),
    ...(wallMs !== undefined && { wallMs: Math.ceil(wallMs) }),
  });
  if (parsed.success) return parsed.data;
  return `the limits that it asks for are out of range: ${parsed.error.issues[0]?.path.join('.')} ${parsed.error.issues[0]?.message}`;
}

/** What GET of a tool answers: its description, as the program gives it, with what its offer says of the price. */
export const toolDocument = ({ name, tool, limits, prices }: Offer) => ({ contract: 'tool/1', name, ...tool, limits, prices });
