export { ToolError } from './error.ts';
export { handler, type Handler } from './handler.ts';
export type { Infer, JsonSchema, JsonValue, StandardSchema } from './schema.ts';
export { tool, type Tool, type ToolCall, type ToolDefinition, type ToolDescription } from './tool.ts';
